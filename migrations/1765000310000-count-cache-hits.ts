import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CountCacheHits1765000310000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Answers from the response cache: no call of a model.
      alter table usage_daily add column cache_hits bigint not null default 0`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table usage_daily drop column cache_hits');
  }
}
