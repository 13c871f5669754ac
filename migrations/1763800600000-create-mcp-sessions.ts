import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateMcpSessions1763800600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table mcp_sessions (
        id text primary key,
        user_id uuid not null references users (id) on delete cascade,
        initialize jsonb not null,
        log_level text,
        created_at timestamptz not null default now(),
        last_seen_at timestamptz not null default now()
      );
      create index mcp_sessions_user on mcp_sessions (user_id, last_seen_at);
      create index mcp_sessions_last_seen on mcp_sessions (last_seen_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table mcp_sessions;');
  }
}
