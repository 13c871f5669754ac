import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateRuns1763800500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table runs (
        id uuid primary key,
        -- Order of creation; within a conversation also that of its messages, whose lock the insert holds.
        position bigint generated always as identity,
        user_id uuid not null references users (id) on delete cascade,
        conversation_id uuid references conversations (id) on delete cascade,
        agent text not null,
        status text not null check (status in
          ('queued', 'running', 'requires_action', 'cancelling', 'completed', 'failed', 'cancelled', 'expired')),
        input jsonb not null,
        input_message_id uuid,
        output jsonb,
        error jsonb,
        usage jsonb not null,
        limits jsonb not null,
        metadata jsonb not null,
        -- What the credential that made the run may do; never the credential itself.
        credential jsonb not null,
        traceparent text,
        lease_owner text,
        lease_until timestamptz,
        -- Raised by every worker that takes the run; a write with an older one changes nothing.
        fence integer not null default 0,
        attempt integer not null default 0,
        last_seq integer not null default 0,
        created_at timestamptz not null default now(),
        started_at timestamptz,
        finished_at timestamptz
      );
      create unique index runs_active on runs (conversation_id)
        where status in ('running', 'requires_action', 'cancelling');
      create index runs_conversation on runs (conversation_id, position);
      create index runs_user on runs (user_id, id);
      create index runs_due on runs (status, position)
        where status in ('queued', 'running', 'requires_action', 'cancelling');

      create table run_steps (
        run_id uuid not null references runs (id) on delete cascade,
        path text not null,
        kind text not null check (kind in ('model', 'tool', 'agent')),
        agent text not null,
        name text not null,
        status text not null check (status in ('started', 'completed', 'failed')),
        request jsonb not null,
        result jsonb,
        usage jsonb,
        attempt integer not null,
        started_at timestamptz not null,
        finished_at timestamptz,
        primary key (run_id, path)
      );

      create table run_events (
        run_id uuid not null references runs (id) on delete cascade,
        seq integer not null,
        type text not null,
        agent text not null,
        path text not null,
        data jsonb not null,
        at timestamptz not null,
        primary key (run_id, seq)
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table run_events; drop table run_steps; drop table runs;');
  }
}
