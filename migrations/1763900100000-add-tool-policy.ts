import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class AddToolPolicy1763900100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      update tools set policy = '{"cacheScope": "private"}'::jsonb || policy;

      alter table tool_calls add column mode text not null default 'live'
        check (mode in ('live', 'cached', 'dry_run', 'simulated'));

      -- The whole of a result that was cut, for the user whose call it was.
      create table tool_results (
        id uuid primary key,
        user_id uuid not null references users (id) on delete cascade,
        tool text not null,
        mime_type text not null,
        content text not null,
        truncated boolean not null,
        created_at timestamptz not null default now(),
        expires_at timestamptz not null
      );
      create index tool_results_user on tool_results (user_id, id);
      create index tool_results_expiry on tool_results (expires_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table tool_results;
      alter table tool_calls drop column mode;
      update tools set policy = policy - 'cacheScope';
    `);
  }
}
