import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateMcpServers1763900300000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table mcp_servers (
        id uuid primary key,
        name text not null unique check (char_length(name) between 1 and 128),
        origin text not null check (origin in ('api', 'file')),
        transport text not null check (transport in ('http', 'stdio')),
        -- Null for servers of MCP_SERVERS_FILE: what they are reached by stays in the file.
        url text,
        headers jsonb not null default '{}',
        auth jsonb,
        enabled boolean not null default true,
        -- Rises with every change of how the server is reached: open connections of an older one are closed.
        revision integer not null default 1,
        state text not null default 'unknown' check (state in ('healthy', 'unhealthy', 'unknown')),
        state_since timestamptz not null default now(),
        last_error text,
        failures integer not null default 0,
        server_info jsonb,
        protocol_version text,
        tool_count integer not null default 0,
        problems jsonb not null default '[]',
        checked_at timestamptz,
        -- Whoever moves this on has the check: one instance at a time, and no lock is held while it asks.
        next_check_at timestamptz not null default now(),
        -- When an instance last had the server in its file.
        seen_at timestamptz not null default now(),
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      );
      create index mcp_servers_next_check on mcp_servers (next_check_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table mcp_servers');
  }
}
