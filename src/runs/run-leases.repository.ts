import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ADVISORY_LOCKS } from '../platform/database/advisory-locks.js';
import { databaseState } from '../platform/database/database-error.js';
import { type Transaction } from '../platform/database/transactions.js';
import { type NewRunEvent } from './run-event.js';
import { INSERT_EVENTS, storable } from './run-events.sql.js';
import {
  type RunCredential,
  type RunFailure,
  type RunInput,
  type RunLimits,
  type RunOutput,
  type RunStatus,
  type RunUsage,
  sourcesOf,
} from './run.js';

/** A run as the worker that took it knows it. */
export interface ClaimedRun {
  readonly id: string;
  readonly position: string;
  readonly userId: string;
  readonly conversationId: string | null;
  readonly agent: string;
  readonly status: 'running' | 'cancelling';
  readonly input: RunInput;
  readonly inputMessageId: string | null;
  readonly limits: Partial<RunLimits>;
  readonly variables: Readonly<Record<string, string>>;
  readonly outputSchema: Readonly<Record<string, unknown>> | null;
  readonly credential: RunCredential;
  readonly retryOf: string | null;
  readonly answerParentId: string | null;
  readonly simulate: boolean;
  readonly fence: number;
  readonly attempt: number;
  readonly lastSeq: number;
  readonly traceparent: string | null;
  /** Since it was first started, without the time in which it waited for a person; by the clock of the database. */
  readonly elapsedMs: number;
}

/** Where a run goes when its worker lets it go. */
export interface RunEnding {
  readonly status: RunStatus;
  readonly usage: RunUsage;
  readonly output?: RunOutput;
  readonly error?: RunFailure;
  /** Events that go with it. */
  readonly events: readonly NewRunEvent[];
  /** A run that was handed back has not failed: its attempt does not count. */
  readonly uncounted?: boolean;
}

export interface DueRun {
  readonly id: string;
  readonly fence: number;
}

/** Another run of the conversation was quicker. */
const UNIQUE_VIOLATION = '23505';
const ENDED = ['completed', 'failed', 'cancelled', 'expired'];

/** What workers do to runs. Time is always the clock of the database. [R29] */
@Injectable()
export class RunLeasesRepository {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Takes a run: one whose lease has ended, else the one whose turn it is among all that wait and whose conversation is
   * free: by priority, then of the user with the fewest runs at work, then the oldest. `held` are runs that this worker
   * has, `full` users who have as many here as they may. Raises the fence. Undefined when there is nothing to do. [R37]
   */
  async claim(
    owner: string,
    leaseSeconds: number,
    { held, full }: { readonly held: readonly string[]; readonly full: readonly string[] },
  ): Promise<ClaimedRun | undefined> {
    try {
      const [rows]: [ClaimedRun[], number] = await this.dataSource.query(CLAIM, [
        ...[held, owner, leaseSeconds, full],
      ]);
      return rows[0];
    } catch (error) {
      if (databaseState(error) === UNIQUE_VIOLATION) return undefined;
      throw error;
    }
  }

  /** Renews leases and tells what became of the runs; one that is missing in the answer is lost. */
  async renew(
    held: readonly { id: string; fence: number }[],
    leaseSeconds: number,
  ): Promise<{ id: string; status: RunStatus }[]> {
    const [rows]: [{ id: string; status: RunStatus }[], number] = await this.dataSource.query(
      `update runs r set lease_until = now() + $3 * interval '1 second'
         from unnest($1::uuid[], $2::int[]) as h(id, fence)
        where r.id = h.id and r.fence = h.fence and r.status in ('running', 'cancelling')
        returning r.id, r.status`,
      [held.map((run) => run.id), held.map((run) => run.fence), leaseSeconds],
    );
    return rows;
  }

  /**
   * Ends or hands back the run of a worker, with the events that say so. False, and nothing is written, when the worker
   * has lost it, or its status forbids that. One statement: a run without a conversation needs no transaction for it.
   */
  async release(
    run: { id: string; fence: number; lastSeq: number },
    ending: RunEnding,
    transaction?: Transaction,
  ): Promise<boolean> {
    const [row]: [{ released: number }] = await (transaction ?? this.dataSource).query(
      `with released as (update runs set status = $4, usage = $5, output = coalesce($6, output), error = $7, last_seq = last_seq + $8,
          lease_owner = null, lease_until = null, attempt = attempt - $9,
          finished_at = case when $4 = any($10::text[]) then now() end,
          waiting_since = case when $4 = 'requires_action' then now() end
        where id = $1 and fence = $2 and last_seq = $3 and status = any($11::text[]) returning id, finished_at),
       ${CLOSE_APPROVALS('released')}, events as (${INSERT_EVENTS('(select id, $3 + 1 as first_seq from released)', '$12')})
       select count(*)::int as released from released`,
      [
        ...[
          run.id,
          run.fence,
          run.lastSeq,
          ending.status,
          ending.usage,
          ending.output ?? null,
          ending.error ?? null,
        ],
        ...[ending.events.length, ending.uncounted === true ? 1 : 0, ENDED, sourcesOf(ending.status)],
        storable(ending.events),
      ],
    );
    return row.released > 0;
  }

  /** The status of a run that a worker holds; empty when it holds it no more. */
  async statusOf(run: { id: string; fence: number }): Promise<RunStatus[]> {
    const rows: { status: RunStatus }[] = await this.dataSource.query(
      `select status from runs where id = $1 and fence = $2 and status in ('running', 'cancelling')`,
      [run.id, run.fence],
    );
    return rows.map((row) => row.status);
  }

  /** Ends a run that no worker has, from one of `from`. Gives the number of its one event, or undefined. */
  async endWithoutWorker(
    id: string,
    status: 'cancelled' | 'expired',
    from: readonly RunStatus[],
    transaction: Transaction,
  ): Promise<number | undefined> {
    const rows: { last_seq: number }[] = await transaction.query(
      `with ended as (update runs set status = $2, last_seq = last_seq + 1, finished_at = now(), lease_owner = null,
          lease_until = null, waiting_since = null
        where id = $1 and status = any($3::text[]) returning id, finished_at, last_seq),
       ${CLOSE_APPROVALS('ended')}
       select last_seq from ended`,
      [id, status, from.filter((source) => sourcesOf(status).includes(source))],
    );
    return rows[0]?.last_seq;
  }

  /**
   * Does the owner of this run still have a question to answer? Locks the run first, as every answer does, so that
   * either this sees the answer or the answer sees what follows.
   */
  async isAsking(id: string, transaction: Transaction): Promise<boolean> {
    await transaction.query('select 1 from runs where id = $1 for update', [id]);
    const rows: unknown[] = await transaction.query(
      `select 1 from approvals where run_id = $1 and status = 'pending' limit 1`,
      [id],
    );
    return rows.length > 0;
  }

  /** Queues a run that waited for answers and has them all; undefined when it does not wait, or not for nothing. */
  async goOn(
    id: string,
    transaction: Transaction,
  ): Promise<(DueRun & { readonly lastSeq: number; readonly agent: string }) | undefined> {
    const [rows]: [(DueRun & { lastSeq: number; agent: string })[], number] = await transaction.query(
      `update runs set status = 'queued', last_seq = last_seq + 1, waiting_since = null,
          waited_ms = waited_ms + extract(epoch from now() - coalesce(waiting_since, now())) * 1000
        where id = $1 and status = 'requires_action'
          and not exists (select 1 from approvals where run_id = $1 and status = 'pending')
        returning id, fence, last_seq as "lastSeq", agent`,
      [id],
    );
    return rows[0];
  }

  /** The oldest waiting run of a conversation that is free. */
  async nextOf(conversationId: string): Promise<DueRun | undefined> {
    const rows: DueRun[] = await this.dataSource.query(
      `select id, fence from runs where conversation_id = $1 and status = 'queued' order by position limit 1`,
      [conversationId],
    );
    return rows[0];
  }

  /** Ends the leases of workers that are known to be dead, so that their runs need not wait for it. */
  async endLeases(owners: readonly string[]): Promise<void> {
    await this.dataSource.query(
      `update runs set lease_until = now() where status in ('running', 'cancelling') and lease_owner = any($1) and lease_until > now()`,
      [owners],
    );
  }

  async leaseOwners(): Promise<string[]> {
    const rows: { lease_owner: string }[] = await this.dataSource.query(
      `select distinct lease_owner from runs where status in ('running', 'cancelling') and lease_owner is not null`,
    );
    return rows.map((row) => row.lease_owner);
  }

  /**
   * Runs that a worker should take: waiting ones at the head of a free conversation, and those whose lease has ended.
   * Empty when another instance is looking.
   */
  async due(limit: number): Promise<DueRun[]> {
    return this.dataSource.transaction(async (transaction) => {
      const [lock]: [{ locked: boolean }] = await transaction.query(
        'select pg_try_advisory_xact_lock($1) as locked',
        [ADVISORY_LOCKS.runReconciler],
      );
      if (!lock.locked) return [];
      return transaction.query(
        `(select r.id, r.fence from runs r where r.status = 'queued' and ${HAS_COME} and ${HEAD_OF_FREE} order by r.position limit $1)
         union all
         (select id, fence from runs where status in ('running', 'cancelling') and lease_until < now() limit $1)`,
        [limit],
      );
    });
  }

  /** Runs that wait for a person, or in the queue, longer than `hours`. */
  async forgotten(
    hours: number,
    limit: number,
  ): Promise<{ id: string; agent: string; conversationId: string | null }[]> {
    return this.dataSource.query(
      `select id, agent, conversation_id as "conversationId" from runs
        where status in ('requires_action', 'queued')
          and greatest(created_at, started_at, start_at) < now() - $1 * interval '1 hour' limit $2`,
      [hours, limit],
    );
  }
}

/** No run of the conversation is active, and none that waits is older. */
const HEAD_OF_FREE = `not exists (
  select 1 from runs o where o.conversation_id = r.conversation_id and o.id <> r.id
    and (o.status in ('running', 'requires_action', 'cancelling') or (o.status = 'queued' and o.position < r.position)))`;
const HAS_COME = `(r.start_at is null or r.start_at <= now())`;

/** Nobody has to answer for a run that has ended. */
const CLOSE_APPROVALS = (
  runs: string,
) => `closed as (update approvals a set status = 'cancelled' from ${runs} e
  where a.run_id = e.id and e.finished_at is not null and a.status = 'pending')`;

const CLAIM = `
  with lost as (
    select id from runs where status in ('running', 'cancelling') and lease_until < now() and id <> all($1::uuid[])
      order by position limit 1 for update skip locked
  ), busy as (
    select user_id, count(*) as runs from runs where status in ('running', 'cancelling') group by user_id
  ), next as (
    select r.id from runs r left join busy b on b.user_id = r.user_id
      where r.status = 'queued' and ${HAS_COME} and ${HEAD_OF_FREE} and r.user_id <> all($4::uuid[])
      order by r.priority desc, coalesce(b.runs, 0), r.position limit 1 for update of r skip locked
  )
  update runs r set
      status = case r.status when 'queued' then 'running' else r.status end,
      fence = r.fence + 1, attempt = r.attempt + 1, lease_owner = $2,
      lease_until = now() + $3 * interval '1 second', started_at = coalesce(r.started_at, now())
    where r.id = coalesce((select id from lost), (select id from next))
      and (r.status = 'queued' or (r.status in ('running', 'cancelling') and r.lease_until < now()))
    returning r.id, r.position, r.user_id as "userId", r.conversation_id as "conversationId", r.agent, r.status, r.input,
      r.input_message_id as "inputMessageId", r.limits, r.credential, r.variables, r.output_schema as "outputSchema",
      r.fence, r.attempt, r.last_seq as "lastSeq", r.retry_of as "retryOf", r.answer_parent_id as "answerParentId", r.simulate,
      r.traceparent,
      (extract(epoch from now() - r.started_at) * 1000 - r.waited_ms)::float8 as "elapsedMs"`;
