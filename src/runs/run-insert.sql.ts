import { type Run } from './run.entity.js';
import { type NewRunEvent } from './run-event.js';
import { INSERT_EVENTS } from './run-events.sql.js';
import { BUDGET_LEFT } from './usage/budget.sql.js';

/** A run that is to be made, with its first events. */
export interface NewRun {
  readonly run: Omit<Run, 'position' | 'steps'>;
  readonly events: readonly NewRunEvent[];
  /** It is made also when the budget of the day is spent. */
  readonly isScheduled?: boolean;
}

/** Why a run was not made: as many of its user wait as may, or the budget of his day is spent. */
export type RunRefusal = 'too_many' | 'spent';

const COLUMNS = `id, user_id, conversation_id, agent, status, input, input_message_id, answer_parent_id, usage, limits,
  metadata, variables, output_schema, simulate, credential, traceparent, priority, start_at, retry_of, last_seq, created_at`;

/**
 * Makes the runs of $1 that may be made, with their events; a row of outcomes for each, in order. $2: how many runs of
 * one user may wait; $3, $4: the server's own budget of a day.
 */
export const INSERT_RUNS = `
  with asked as materialized (
    select a.n, a.value->'events' as events, a.value->'scheduled' is not null as scheduled, r.*
      from jsonb_array_elements($1::jsonb) with ordinality as a(value, n), jsonb_populate_record(null::runs, a.value) r
  ), judged as (
    select a.n, not a.scheduled and coalesce(least(b.tokens, b.usd) <= 0, false) as spent,
        w.runs + row_number() over (partition by a.user_id order by a.n) > $2 as full
      from asked a, lateral (${BUDGET_LEFT('a.user_id', '$3', '$4')}) b, lateral (
        select count(*) as runs from
          (select 1 from runs where user_id = a.user_id and status = 'queued' limit $2) waiting) w
  ), made as (
    insert into runs (${COLUMNS}) select ${COLUMNS} from asked join judged using (n)
      where not spent and not "full" returning id
  ), events as (${INSERT_EVENTS('(select a.id, 1 as first_seq, a.events from asked a join made using (id))', 'r.events')})
  select case when spent then 'spent' when "full" then 'too_many' end as refusal from judged order by n`;

/** The runs as $1 of INSERT_RUNS: members have the names of the columns. */
export function insertable(made: readonly NewRun[]): string {
  return JSON.stringify(
    made.map(({ run, events, isScheduled }) => ({ ...toColumns(run), events, scheduled: isScheduled })),
  );
}

function toColumns(run: NewRun['run']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(run).map(([name, value]) => [
      name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );
}
