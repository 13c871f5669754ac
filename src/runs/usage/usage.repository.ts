import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type Transaction } from '../../platform/database/transactions.js';

export const USAGE_GROUPS = ['day', 'agent', 'model', 'user'] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

export interface UsageSum {
  readonly modelCalls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly costUsd: number;
  readonly unpricedCalls: number;
  readonly estimatedCalls: number;
  readonly cacheHits: number;
}

/** What a user may spend in a day, null where the server's own budget holds, and what the day has seen. */
export interface BudgetRow {
  readonly tokensPerDay: number | null;
  readonly usdPerDay: number | null;
  readonly tokensToday: number;
  readonly usdToday: number;
}

const SUMS = `coalesce(sum(model_calls), 0)::float8 as "modelCalls", coalesce(sum(input_tokens), 0)::float8 as "inputTokens",
  coalesce(sum(output_tokens), 0)::float8 as "outputTokens", coalesce(sum(cached_tokens), 0)::float8 as "cachedTokens",
  coalesce(sum(cost_usd), 0)::float8 as "costUsd", coalesce(sum(unpriced_calls), 0)::float8 as "unpricedCalls",
  coalesce(sum(estimated_calls), 0)::float8 as "estimatedCalls",
  coalesce(sum(cache_hits), 0)::float8 as "cacheHits"`;
const COLUMN: Readonly<Record<UsageGroup, string>> = {
  day: 'day::text',
  agent: 'agent',
  model: 'model',
  user: 'user_id::text',
};
const WHERE = `where day between $1::date and $2::date and ($3::uuid is null or user_id = $3::uuid)`;

/** Reads `usage_daily`, which RunLogRepository writes, and keeps the budgets of users. */
@Injectable()
export class UsageRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Sums of the days from `from` to `to`, of one user or of all, at most `limit` groups. */
  async sums(
    filter: { from: string; to: string; userId?: string; groupBy: UsageGroup },
    limit: number,
  ): Promise<(UsageSum & { key: string })[]> {
    const { from, to, userId = null, groupBy } = filter;
    const order = groupBy === 'day' ? 'key desc' : 'sum(input_tokens + output_tokens) desc, key';
    return this.dataSource.query(
      `select ${COLUMN[groupBy]} as key, ${SUMS} from usage_daily ${WHERE} group by 1 order by ${order} limit $4`,
      [from, to, userId, limit],
    );
  }

  async total(filter: { from: string; to: string; userId?: string }): Promise<UsageSum> {
    const [row]: [UsageSum] = await this.dataSource.query(`select ${SUMS} from usage_daily ${WHERE}`, [
      filter.from,
      filter.to,
      filter.userId ?? null,
    ]);
    return row;
  }

  async budget(userId: string): Promise<BudgetRow> {
    const [row]: [BudgetRow] = await this.dataSource.query(
      `select (select tokens_per_day from user_budgets where user_id = $1)::float8 as "tokensPerDay",
              (select usd_per_day from user_budgets where user_id = $1)::float8 as "usdPerDay",
              coalesce(sum(input_tokens + output_tokens), 0)::float8 as "tokensToday",
              coalesce(sum(cost_usd), 0)::float8 as "usdToday"
         from usage_daily where user_id = $1 and day = (now() at time zone 'utc')::date`,
      [userId],
    );
    return row;
  }

  /** False when there is no such user. */
  async setBudget(
    userId: string,
    tokens: number | null,
    usd: number | null,
    transaction: Transaction,
  ): Promise<boolean> {
    const rows: unknown[] = await transaction.query(
      `insert into user_budgets (user_id, tokens_per_day, usd_per_day) select id, $2, $3 from users where id = $1
       on conflict (user_id) do update set tokens_per_day = excluded.tokens_per_day, usd_per_day = excluded.usd_per_day
       returning user_id`,
      [userId, tokens, usd],
    );
    return rows.length > 0;
  }
}
