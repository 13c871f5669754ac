import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateSessionContext1763800700000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table session_context (
        session_id uuid not null references sessions (id) on delete cascade,
        key text not null,
        value jsonb not null,
        expires_at timestamptz not null,
        primary key (session_id, key)
      );
      create index session_context_expiry on session_context (expires_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table session_context;');
  }
}
