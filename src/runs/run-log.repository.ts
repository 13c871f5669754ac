import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ENV, type Env } from '../config/env.js';
import { SharedStatement } from '../platform/database/shared-statement.js';
import { type Transaction } from '../platform/database/transactions.js';
import { Metrics } from '../platform/telemetry/metrics.js';
import { type KnownApproval, type NewApproval } from './approvals/approval.js';
import { type NewRunEvent, type RunEvent } from './run-event.js';
import { INSERT_EVENTS, storable } from './run-events.sql.js';
import { type RunStep } from './run-step.js';

/** What one worker adds to the log of its run at once: events in order, and rows of the journal. */
export interface LogEntry {
  readonly runId: string;
  /** The worker's fence. */
  readonly fence: number;
  /** Number of the last event that the worker knows of. */
  readonly lastSeq: number;
  readonly events: readonly NewRunEvent[];
  readonly steps: readonly RunStep[];
  /** Questions to the owner of the run. */
  readonly approvals: readonly NewApproval[];
}

/**
 * Writes events and journal of all runs of this process in shared transactions. The fence is checked and the events
 * are numbered in the same statement that inserts them: no gap, no repeat, nothing from a worker that lost its run. A
 * step that has ended never changes, and what each request of a model call used is added to the day as it is known:
 * neither lost nor doubled.
 */
const WRITE = `
  with batch as (
    select * from jsonb_to_recordset($1::jsonb)
      as b(n int, run_id uuid, fence int, last_seq int, events jsonb, steps jsonb, approvals jsonb)
  ), owned as (
    update runs r set last_seq = b.last_seq + jsonb_array_length(b.events),
        usage = coalesce((select e.value->'data'->'usage' from jsonb_array_elements(b.events) with ordinality as e(value, n)
          where e.value->>'type' = 'usage.updated' order by e.n desc limit 1), r.usage)
      from batch b where r.id = b.run_id and r.fence = b.fence and r.last_seq = b.last_seq
      returning b.n, b.run_id, b.last_seq, b.events, b.steps, r.user_id
  ), events as (
    insert into run_events (run_id, seq, type, agent, path, data, at)
      select o.run_id, o.last_seq + e.n, e.value->>'type', e.value->'agent'->>'name', e.value->'agent'->>'path',
             e.value->'data', (e.value->>'at')::timestamptz
        from owned o, jsonb_array_elements(o.events) with ordinality as e(value, n)
  ), steps as (
    insert into run_steps (run_id, path, kind, agent, name, status, request, result, usage, attempt, started_at, finished_at)
      select o.run_id, s.path, s.kind, s.agent, s.name, s.status, s.request, s.result, s.usage, s.attempt,
             s."startedAt", s."finishedAt"
        from owned o, jsonb_to_recordset(o.steps) as s(path text, kind text, agent text, name text, status text,
             request jsonb, result jsonb, usage jsonb, attempt int, "startedAt" timestamptz, "finishedAt" timestamptz)
      on conflict (run_id, path) do update set name = excluded.name, status = excluded.status, request = excluded.request,
        result = excluded.result, usage = excluded.usage, attempt = excluded.attempt,
        finished_at = excluded.finished_at
        where run_steps.status = 'started'
      returning run_id, kind, agent, name, usage
  ), spent as (
    insert into usage_daily as d (user_id, day, agent, model, model_calls, input_tokens, output_tokens, cached_tokens,
                                  cost_usd, unpriced_calls, estimated_calls, cache_hits)
      select o.user_id, (now() at time zone 'utc')::date, s.agent, c.model, count(*) filter (where c.cached is not true),
             sum(c."inputTokens"), sum(c."outputTokens"), coalesce(sum(c."cachedTokens"), 0), coalesce(sum(c."costUsd"), 0),
             count(*) filter (where c."costUsd" is null), count(*) filter (where c.estimated), count(*) filter (where c.cached)
        from steps s join owned o on o.run_id = s.run_id,
             jsonb_to_recordset(case when s.usage is null then '[]' else coalesce(s.usage->'calls',
               jsonb_build_array(s.usage || jsonb_build_object('model', s.name))) end) as c(model text, "inputTokens" bigint,
               "outputTokens" bigint, "cachedTokens" bigint, "costUsd" numeric, estimated boolean, cached boolean, counted boolean)
        where s.kind = 'model' and c.counted is not true
        group by 1, 2, 3, 4 order by 1, 2, 3, 4
      on conflict (user_id, day, agent, model) do update set model_calls = d.model_calls + excluded.model_calls,
        input_tokens = d.input_tokens + excluded.input_tokens, output_tokens = d.output_tokens + excluded.output_tokens,
        cached_tokens = d.cached_tokens + excluded.cached_tokens, cost_usd = d.cost_usd + excluded.cost_usd,
        unpriced_calls = d.unpriced_calls + excluded.unpriced_calls,
        estimated_calls = d.estimated_calls + excluded.estimated_calls, cache_hits = d.cache_hits + excluded.cache_hits
  )`;
const WRITTEN = 'select n from owned';
/** Questions are rare, so the usual statement does not know of them. */
const WRITE_APPROVALS = `, questions as (
    insert into approvals (id, run_id, user_id, kind, reason, step, attempt, agent, tool, definition_hash,
        requested_arguments, requested_hash, arguments, arguments_hash, status, expires_at)
      select a.id, o.run_id, o.user_id, a.kind, a.reason, a.step, a.attempt, a.agent, a.tool, a."definitionHash",
             a.arguments, a."requestedHash", a.arguments, a."requestedHash", 'pending',
             now() + case a.kind when 'confirm_retry' then interval '1 day' else $2 * interval '1 second' end
        from owned o, batch b, jsonb_to_recordset(b.approvals) as a(id uuid, kind text, reason text, step text,
             attempt int, agent text, tool text, "definitionHash" text, "requestedHash" text, arguments jsonb)
       where b.n = o.n
  )`;

/** The events and the journal of runs. */
@Injectable()
export class RunLogRepository {
  private readonly counter: ReturnType<typeof Metrics.prototype.counter<'type'>>;
  private readonly writer = new SharedStatement<LogEntry, boolean>({
    maxBatch: 200,
    run: (entries) => this.commit(entries),
  });

  constructor(
    @Inject(ENV) private readonly env: Env,
    private readonly dataSource: DataSource,
    metrics: Metrics,
  ) {
    this.counter = metrics.counter({
      name: 'run_events_total',
      help: 'Events of runs that were written.',
      labelNames: ['type'],
    });
  }

  /** False when the worker does not own the run any more; then nothing was written. */
  append(entry: LogEntry): Promise<boolean> {
    return this.writer.join(entry);
  }

  /** After a write without an answer: did it happen? */
  async holds(entry: LogEntry): Promise<boolean> {
    const rows: unknown[] = await this.dataSource.query(
      'select 1 from runs where id = $1 and fence = $2 and last_seq = $3',
      [entry.runId, entry.fence, entry.lastSeq + entry.events.length],
    );
    return rows.length > 0;
  }

  /** Adds events to a run that no worker has, numbered from `firstSeq`; the caller has raised `last_seq`. */
  async insertEvents(
    runId: string,
    firstSeq: number,
    events: readonly NewRunEvent[],
    transaction: Transaction,
  ): Promise<void> {
    await transaction.query(INSERT_EVENTS('(select $1::uuid as id, $2::int as first_seq)', '$3'), [
      runId,
      firstSeq,
      storable(events),
    ]);
    this.count(events);
  }

  /** Events after `after`, oldest first, at most `limit`. */
  async events(runId: string, after: number, limit: number): Promise<RunEvent[]> {
    const rows: (Omit<RunEvent, 'agent' | 'runId'> & { agent: string; path: string })[] =
      await this.dataSource.query(
        `select seq, type, agent, path, data, at from run_events where run_id = $1 and seq > $2 order by seq limit $3`,
        [runId, after, limit],
      );
    return rows.map(({ agent, path, ...row }) => ({ ...row, runId, agent: { name: agent, path } }));
  }

  /** The whole journal of a run: its limits bound it. */
  async journal(runId: string): Promise<RunStep[]> {
    return this.dataSource.query(`${STEP_COLUMNS} where run_id = $1`, [runId]);
  }

  /** What the owner of a run was asked, oldest first. */
  async approvals(runId: string): Promise<KnownApproval[]> {
    return this.dataSource.query(
      `select id, kind, step, attempt, tool, definition_hash as "definitionHash", requested_hash as "requestedHash",
              arguments, arguments_hash as "argumentsHash", status, comment
         from approvals where run_id = $1 order by id`,
      [runId],
    );
  }

  /** Names of the tools that gave this run an answer, or another run of its conversation. In a simulated one none did. */
  async toolsUsed(runId: string): Promise<string[]> {
    const rows: { name: string }[] = await this.dataSource.query(
      `select distinct s.name from runs r
         join runs o on (o.id = r.id or o.conversation_id = r.conversation_id) and not o.simulate
         join run_steps s on s.run_id = o.id
        where r.id = $1 and s.kind = 'tool' and s.result ->> 'callId' is not null`,
      [runId],
    );
    return rows.map((row) => row.name);
  }

  /** A page of the journal, in order of path. */
  async steps(
    runId: string,
    after: { at: string; path: string } | undefined,
    limit: number,
  ): Promise<RunStep[]> {
    return this.dataSource.query(
      `${STEP_COLUMNS} where run_id = $1 and ($2::timestamptz is null or (started_at, path) > ($2::timestamptz, $3))
       order by started_at, path limit $4`,
      [runId, after?.at ?? null, after?.path ?? '', limit],
    );
  }

  private async commit(entries: readonly LogEntry[]): Promise<boolean[]> {
    const rows = entries.map((entry, n) => ({
      n,
      run_id: entry.runId,
      fence: entry.fence,
      last_seq: entry.lastSeq,
      events: entry.events,
      steps: entry.steps,
      approvals: entry.approvals,
    }));
    const asks = entries.some((entry) => entry.approvals.length > 0);
    const owned: { n: number }[] = asks
      ? await this.dataSource.query(`${WRITE}${WRITE_APPROVALS} ${WRITTEN}`, [
          storable(rows),
          this.env.APPROVAL_SECONDS,
        ])
      : await this.dataSource.query(`${WRITE} ${WRITTEN}`, [storable(rows)]);
    const written = new Set(owned.map((row) => row.n));
    for (const n of written) this.count(entries[n]?.events ?? []);
    return entries.map((_, n) => written.has(n));
  }

  /** Counts events that were written, also by others. */
  count(events: readonly NewRunEvent[]): void {
    for (const { type } of events) this.counter.inc({ type });
  }
}

const STEP_COLUMNS = `select path, kind, agent, name, status, request, result, usage, attempt,
  started_at as "startedAt", finished_at as "finishedAt" from run_steps`;
