import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateWorkspaces1763900400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Remote Git repositories that file and Git tools may read. Each machine keeps a clone of its own; a raised
      -- generation makes all of them fetch anew.
      create table workspaces (
        name text primary key,
        url text not null,
        ref text,
        depth integer,
        auth jsonb,
        generation integer not null default 1,
        state text not null default 'fetching' check (state in ('fetching', 'ready', 'failed')),
        problem text,
        commit text,
        bytes bigint,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table workspaces');
  }
}
