import { Injectable } from '@nestjs/common';
import { type Transaction } from '../platform/database/transactions.js';

/** Runs made after run `after` and before run `before`; old are those that ended `days` ago. */
export interface RunWindow {
  readonly after: string;
  readonly before: string;
  readonly days: number;
  readonly limit: number;
}

interface LookedAt {
  readonly id: string;
  readonly isOld: boolean;
}

export interface RunsLookedAt {
  /** Id of the last run that was looked at; undefined when there is no further one. */
  readonly last?: string;
  /** Those that ended long enough ago. */
  readonly old: readonly string[];
}

/** Deletes what runs leave behind beside their row, which stays. */
@Injectable()
export class RunRetentionRepository {
  /**
   * Looks at the next `limit` runs that have events, by hopping from one to the next in the primary key of the events:
   * what was pruned costs nothing.
   */
  async next({ after, before, days, limit }: RunWindow, transaction: Transaction): Promise<RunsLookedAt> {
    const rows: LookedAt[] = await transaction.query(
      `with recursive seen(id, n) as (
         select $1::uuid, 0
         union all
         select (select e.run_id from run_events e where e.run_id > s.id and e.run_id < $2 order by e.run_id limit 1),
                s.n + 1
           from seen s where s.id is not null and s.n < $3
       )
       select s.id, coalesce(r.finished_at < now() - $4 * interval '1 day', false) as "isOld"
         from seen s join runs r on r.id = s.id where s.n > 0 order by s.n`,
      [after, before, limit, days],
    );
    return lookedAt(rows, limit);
  }

  /**
   * Takes out of the journal what was said. What was done, when and at what cost stays, and so do the ids of calls: by
   * them a conversation knows that it holds what came from outside.
   */
  async strip(ids: readonly string[], transaction: Transaction): Promise<void> {
    await transaction.query(
      `update run_steps set request = '{"pruned":true}', result =
           jsonb_build_object('pruned', true) || case when result ->> 'callId' is null then '{}'
             else jsonb_build_object('callId', result -> 'callId') end
        where run_id = any($1) and request <> '{"pruned":true}'`,
      [ids],
    );
  }

  /** Deletes events, at most `limit`; how many. */
  async deleteEvents(ids: readonly string[], limit: number, transaction: Transaction): Promise<number> {
    const [, deleted]: [unknown, number] = await transaction.query(
      `delete from run_events where (run_id, seq) in
         (select run_id, seq from run_events where run_id = any($1) limit $2)`,
      [ids, limit],
    );
    return deleted;
  }

  /** Looks at the next `limit` runs for those without a conversation. */
  async nextLone({ after, before, days, limit }: RunWindow, transaction: Transaction): Promise<RunsLookedAt> {
    const rows: LookedAt[] = await transaction.query(
      `select id, conversation_id is null and coalesce(finished_at < now() - $4 * interval '1 day', false) as "isOld"
         from runs where id > $1 and id < $2 order by id limit $3`,
      [after, before, limit, days],
    );
    return lookedAt(rows, limit);
  }

  /** Deletes runs with all that hangs on them. */
  async delete(ids: readonly string[], transaction: Transaction): Promise<void> {
    await transaction.query('delete from runs where id = any($1)', [ids]);
  }
}

function lookedAt(rows: readonly LookedAt[], limit: number): RunsLookedAt {
  const old = rows.filter((row) => row.isOld).map((row) => row.id);
  return { old, ...(rows.length === limit && { last: rows.at(-1)?.id }) };
}
