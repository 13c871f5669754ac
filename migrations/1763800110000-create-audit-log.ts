import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateAuditLog1763800110000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // No foreign keys: the record outlives what it speaks of.
    await runner.query(`
      create table audit_log (
        sequence bigint primary key,
        at timestamptz not null,
        actor_id uuid,
        credential text,
        action text not null,
        target_type text not null,
        target_id text not null,
        details jsonb not null,
        hash text not null
      );
      create index audit_log_actor on audit_log (actor_id, sequence);

      create function audit_log_refuse() returns trigger language plpgsql as $$
      begin
        raise exception 'audit_log is append only' using errcode = '42501';
      end $$;
      create trigger audit_log_append_only before update or delete or truncate on audit_log
        for each statement execute function audit_log_refuse();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table audit_log; drop function audit_log_refuse();');
  }
}
