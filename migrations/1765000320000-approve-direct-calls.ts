import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class ApproveDirectCalls1765000320000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- A call that its caller makes himself belongs to no run, step or agent.
      alter table approvals alter column run_id drop not null, alter column step drop not null,
        alter column agent drop not null, add column used_at timestamptz,
        add constraint approvals_origin check ((run_id is null) = (step is null) and (run_id is null) = (agent is null));
      create unique index approvals_direct_pending on approvals (user_id, tool, definition_hash, requested_hash)
        where run_id is null and status = 'pending';
      create index approvals_direct on approvals (created_at) where run_id is null;

      -- The tool call that has not been given the answer of this run, because the run waits for a person.
      alter table runs add column awaited_by text;
      create index runs_awaited on runs (user_id, awaited_by) where awaited_by is not null;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      delete from approvals where run_id is null;
      drop index approvals_direct_pending, approvals_direct, runs_awaited;
      alter table approvals drop constraint approvals_origin, drop column used_at, alter column run_id set not null,
        alter column step set not null, alter column agent set not null;
      alter table runs drop column awaited_by;
    `);
  }
}
