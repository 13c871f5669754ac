import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class OrderRuns1763900510000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table runs
        add column priority smallint not null default 0 check (priority between -10 and 10),
        add column start_at timestamptz,
        add column retry_of uuid;
      create index runs_failed on runs (user_id, (error ->> 'code'), id) where status = 'failed';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index runs_failed;
      alter table runs drop column priority, drop column start_at, drop column retry_of;
    `);
  }
}
