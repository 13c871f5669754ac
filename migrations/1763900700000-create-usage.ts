import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateUsage1763900700000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What each user spent on each model: counted in the statement that ends a model call, so neither lost nor doubled.
      create table usage_daily (
        user_id uuid not null references users (id) on delete cascade,
        day date not null,
        agent text not null,
        model text not null,
        model_calls bigint not null default 0,
        input_tokens bigint not null default 0,
        output_tokens bigint not null default 0,
        cached_tokens bigint not null default 0,
        cost_usd numeric(20, 9) not null default 0,
        unpriced_calls bigint not null default 0,
        estimated_calls bigint not null default 0,
        primary key (user_id, day, agent, model)
      );
      create index usage_daily_day on usage_daily (day);

      -- Budgets that differ from BUDGET_TOKENS_PER_DAY and BUDGET_USD_PER_DAY.
      create table user_budgets (
        user_id uuid primary key references users (id) on delete cascade,
        tokens_per_day bigint,
        usd_per_day numeric(15, 6)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table user_budgets; drop table usage_daily');
  }
}
