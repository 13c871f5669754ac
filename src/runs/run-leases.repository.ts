import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type Role } from '../common/actor.js';
import { ENV, type Env } from '../config/env.js';
import { ADVISORY_LOCKS } from '../platform/database/advisory-locks.js';
import { SharedStatement } from '../platform/database/shared-statement.js';
import { type Transaction } from '../platform/database/transactions.js';
import { CLAIM, HAS_COME, HEAD_OF_FREE } from './run-claim.sql.js';
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
  /** What its owner may do; null: nothing, his account is disabled. */
  readonly role: Role | null;
  /** What is left of his day; null: no bound. */
  readonly budget: { readonly tokens: number | null; readonly usd: number | null };
}

/** What a worker has, and how much more it can take. */
export interface WorkerLoad {
  readonly runs: readonly Pick<ClaimedRun, 'id' | 'userId'>[];
  /** Runs of one user that it may have. */
  readonly perUser: number;
  /** How many it takes now. */
  readonly room: number;
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

interface Released {
  readonly run: { readonly id: string; readonly fence: number; readonly lastSeq: number };
  readonly ending: RunEnding;
}

export interface DueRun {
  readonly id: string;
  readonly fence: number;
}

const ENDED = ['completed', 'failed', 'cancelled', 'expired'];

/** What workers do to runs. Time is always the clock of the database. [R29] */
@Injectable()
export class RunLeasesRepository {
  private readonly releaser = new SharedStatement<Released, boolean>({
    maxBatch: 100,
    run: (all) => this.releaseAll(all, this.dataSource),
  });

  constructor(
    private readonly dataSource: DataSource,
    @Inject(ENV) private readonly env: Pick<Env, 'BUDGET_TOKENS_PER_DAY' | 'BUDGET_USD_PER_DAY'>,
  ) {}

  /**
   * Takes runs, as many as there is room for: those whose lease has ended, then those whose turn it is among all that
   * wait and whose conversation is free: by priority, then of the user with the fewest runs at work, then the oldest; of
   * no user more than one may have here. Raises the fence. Throws what PostgreSQL says (23505) when another worker was
   * quicker with a conversation; then none is taken. [R37]
   */
  async claim(owner: string, leaseSeconds: number, load: WorkerLoad): Promise<ClaimedRun[]> {
    const { BUDGET_TOKENS_PER_DAY: tokens = null, BUDGET_USD_PER_DAY: usd = null } = this.env;
    const [held, users] = [load.runs.map((run) => run.id), load.runs.map((run) => run.userId)];
    const [rows]: [ClaimedRun[], number] = await this.dataSource.query(CLAIM, [
      ...[held, owner, leaseSeconds, users, load.perUser, load.room, tokens, usd],
    ]);
    return rows;
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
   * has lost it, or its status forbids that. One statement, without a transaction together with others.
   */
  async release(run: Released['run'], ending: RunEnding, transaction?: Transaction): Promise<boolean> {
    if (transaction === undefined) return this.releaser.join({ run, ending });
    const [released = false] = await this.releaseAll([{ run, ending }], transaction);
    return released;
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

  private async releaseAll(
    all: readonly Released[],
    connection: Pick<DataSource, 'query'> | Transaction,
  ): Promise<boolean[]> {
    const asked = all.map(({ run, ending: { status, usage, output, error, events, uncounted } }, n) => ({
      ...{ n, id: run.id, fence: run.fence, last_seq: run.lastSeq, status, usage, output, error, events },
      ...{ uncounted: uncounted === true ? 1 : 0, sources: sourcesOf(status) },
    }));
    const rows: { n: number }[] = await connection.query(RELEASE, [storable(asked), ENDED]);
    const released = new Set(rows.map(({ n }) => n));
    return all.map((_, n) => released.has(n));
  }
}

/** Nobody has to answer for a run that has ended. */
const CLOSE_APPROVALS = (
  runs: string,
) => `closed as (update approvals a set status = 'cancelled' from ${runs} e
  where a.run_id = e.id and e.finished_at is not null and a.status = 'pending')`;

const RELEASE = `
  with asked as (
    select * from jsonb_to_recordset($1::jsonb) as a(n int, id uuid, fence int, last_seq int, status text, usage jsonb,
      output jsonb, error jsonb, events jsonb, uncounted int, sources text[])
  ), released as (
    update runs r set status = a.status, usage = a.usage, output = coalesce(a.output, r.output), error = a.error,
        last_seq = r.last_seq + jsonb_array_length(a.events), lease_owner = null, lease_until = null,
        attempt = r.attempt - a.uncounted, finished_at = case when a.status = any($2::text[]) then now() end,
        waiting_since = case when a.status = 'requires_action' then now() end
      from asked a
      where r.id = a.id and r.fence = a.fence and r.last_seq = a.last_seq and r.status = any(a.sources)
      returning a.n, r.id, r.finished_at, a.last_seq + 1 as first_seq, a.events
  ), ${CLOSE_APPROVALS('released')}, events as (${INSERT_EVENTS('released', 'r.events')})
  select n from released`;
