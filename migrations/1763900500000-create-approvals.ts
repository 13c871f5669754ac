import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateApprovals1763900500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table approvals (
        id uuid primary key,
        run_id uuid not null references runs (id) on delete cascade,
        user_id uuid not null references users (id) on delete cascade,
        kind text not null check (kind in ('tool_call', 'confirm_retry')),
        reason text not null check (reason in ('policy', 'policy_tainted', 'confirm_retry')),
        -- The row of the journal that waits, and how often it was begun before.
        step text not null,
        attempt integer not null,
        agent text not null,
        tool text not null,
        definition_hash text not null,
        -- What the agent asked for, and what may run: the same, unless the owner edited it.
        requested_arguments jsonb not null,
        requested_hash text not null,
        arguments jsonb not null,
        arguments_hash text not null,
        status text not null check (status in ('pending', 'approved', 'rejected', 'expired', 'outdated', 'cancelled')),
        comment text,
        decided_at timestamptz,
        created_at timestamptz not null default now(),
        expires_at timestamptz not null
      );
      create unique index approvals_pending on approvals (run_id, step) where status = 'pending';
      create index approvals_run on approvals (run_id);
      create index approvals_user on approvals (user_id, id);
      create index approvals_expiring on approvals (expires_at) where status = 'pending';

      -- Time in which a run waited for a person: it does not count against its timeoutMs.
      alter table runs add column waited_ms bigint not null default 0, add column waiting_since timestamptz;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table approvals;
      alter table runs drop column waited_ms, drop column waiting_since;
    `);
  }
}
