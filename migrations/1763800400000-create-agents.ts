import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateAgents1763800400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table agents (
        id uuid primary key,
        name text not null check (name ~ '^[a-z0-9][a-z0-9_-]{0,57}$'),
        owner_id uuid references users (id) on delete cascade,
        origin text not null check (origin in ('seed', 'file', 'user')),
        version integer not null,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        deleted_at timestamptz
      );
      create unique index agents_shared_name on agents (name) where owner_id is null;
      create unique index agents_private_name on agents (owner_id, name) where owner_id is not null;

      create table agent_versions (
        agent_id uuid not null references agents (id) on delete cascade,
        version integer not null check (version > 0),
        origin text not null check (origin in ('seed', 'file', 'user')),
        definition jsonb not null,
        hash text not null,
        created_by uuid references users (id) on delete set null,
        created_at timestamptz not null default now(),
        primary key (agent_id, version)
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table agent_versions; drop table agents;');
  }
}
