import { Injectable } from '@nestjs/common';
import { type Transaction } from '../platform/database/transactions.js';

export interface RunsWithEvents {
  /** Id of the last run that was looked at; undefined when there is no further one. */
  readonly last?: string;
  /** Those that ended long enough ago. */
  readonly old: readonly string[];
}

/** Deletes what runs leave behind beside their row, which stays. */
@Injectable()
export class RunRetentionRepository {
  /**
   * Looks at the next `limit` runs that have events, made after run `after` and before run `before`, by hopping from one
   * to the next in the primary key of the events: what was pruned costs nothing.
   */
  async next(
    { after, before, days, limit }: { after: string; before: string; days: number; limit: number },
    transaction: Transaction,
  ): Promise<RunsWithEvents> {
    const rows: { id: string; isOld: boolean }[] = await transaction.query(
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
    const old = rows.filter((row) => row.isOld).map((row) => row.id);
    return { old, ...(rows.length === limit && { last: rows.at(-1)?.id }) };
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

  /**
   * Deletes those of the next `limit` runs, made after run `after` and before run `before`, that have no conversation and
   * ended long enough ago, with all that hangs on them. Gives the last run that was looked at, while there are more.
   */
  async deleteLone(
    { after, before, days, limit }: { after: string; before: string; days: number; limit: number },
    transaction: Transaction,
  ): Promise<string | undefined> {
    const [row]: [{ last: string | null }] = await transaction.query(
      `with seen as (
         select id, conversation_id is null and finished_at < now() - $4 * interval '1 day' as is_old
           from runs where id > $1 and id < $2 order by id limit $3
       ), gone as (
         delete from runs where id in (select id from seen where is_old)
       )
       select (select id from seen order by id offset $3 - 1 limit 1) as last`,
      [after, before, limit, days],
    );
    return row.last ?? undefined;
  }
}
