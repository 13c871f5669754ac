import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateSchedules1763900520000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table schedules (
        id uuid primary key,
        user_id uuid not null references users (id) on delete cascade,
        name text not null,
        agent text not null,
        input text not null,
        cron text not null,
        time_zone text not null,
        overlap text not null check (overlap in ('skip', 'enqueue')),
        enabled boolean not null,
        -- Why it was paused by the server, or why its last tick made no run: an error code.
        problem text,
        -- What the credential that made it may do; never the credential itself.
        credential jsonb not null,
        next_run_at timestamptz not null,
        last_run_id uuid,
        last_run_at timestamptz,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      );
      create index schedules_user on schedules (user_id, id);
      create index schedules_due on schedules (next_run_at) where enabled;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table schedules;');
  }
}
