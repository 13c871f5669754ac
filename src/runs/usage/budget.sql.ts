/**
 * SQL that gives what is left of the day's budget of a user, as (tokens, usd); null: no bound. `user` is an expression,
 * `tokens` and `usd` are the parameters with the server's own budget.
 */
export const BUDGET_LEFT = (user: string, tokens: string, usd: string) => `
  select coalesce((select b.tokens_per_day from user_budgets b where b.user_id = ${user})::float8, ${tokens}::float8)
           - coalesce(sum(d.input_tokens + d.output_tokens), 0)::float8 as tokens,
         coalesce((select b.usd_per_day from user_budgets b where b.user_id = ${user})::float8, ${usd}::float8)
           - coalesce(sum(d.cost_usd), 0)::float8 as usd
    from usage_daily d where d.user_id = ${user} and d.day = (now() at time zone 'utc')::date`;
