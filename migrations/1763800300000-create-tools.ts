import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateTools1763800300000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table tools (
        name text primary key check (name ~ '^[A-Za-z0-9_-]{1,64}$'),
        kind text not null check (kind in ('builtin', 'http', 'openapi', 'sql', 'mcp', 'agent')),
        source jsonb not null default '{}',
        version integer not null,
        policy jsonb not null,
        access jsonb not null,
        required_scopes text[] not null default '{}',
        enabled boolean not null,
        state text not null check (state in ('active', 'quarantined', 'unavailable')),
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      );

      create table tool_versions (
        tool text not null references tools (name) on delete cascade,
        version integer not null,
        definition jsonb not null,
        hash text not null,
        created_at timestamptz not null default now(),
        primary key (tool, version),
        unique (tool, hash)
      );
      create function tool_versions_are_immutable() returns trigger language plpgsql as $$
        begin raise exception 'a tool version never changes'; end $$;
      create trigger tool_versions_immutable before update on tool_versions
        for each row execute function tool_versions_are_immutable();

      -- One row. The revision rises with every change of the tools table, in the same transaction, so that every
      -- instance sees by one cheap read whether its snapshot is still true; the generation asks every instance to
      -- read its extensions again.
      create table tool_registry (
        id boolean primary key default true check (id),
        revision bigint not null default 1,
        generation bigint not null default 1
      );
      insert into tool_registry default values;
      create function raise_tool_revision() returns trigger language plpgsql as $$
        begin update tool_registry set revision = revision + 1; return null; end $$;
      create trigger tools_changed after insert or update or delete or truncate on tools
        for each statement execute function raise_tool_revision();

      create table tool_calls (
        id uuid primary key,
        user_id uuid not null references users (id) on delete cascade,
        api_key_id uuid,
        tool text not null,
        version integer not null,
        agent text,
        run_id uuid,
        step text,
        arguments_hash text not null,
        arguments jsonb,
        status text not null check (status in ('completed', 'failed', 'refused')),
        error_code text,
        duration_ms integer not null,
        created_at timestamptz not null default now()
      );
      create index tool_calls_user on tool_calls (user_id, id);
      create index tool_calls_run on tool_calls (run_id) where run_id is not null;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table tool_calls; drop table tool_registry; drop table tool_versions; drop table tools;
      drop function raise_tool_revision; drop function tool_versions_are_immutable;
    `);
  }
}
