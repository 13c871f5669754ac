import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateConversations1763800200100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // active_leaf_id has no foreign key: messages already point here, and the row lock below keeps it true.
    await runner.query(`
      create table conversations (
        id uuid primary key,
        user_id uuid not null references users (id) on delete cascade,
        title text,
        agent text,
        metadata jsonb not null default '{}',
        active_leaf_id uuid,
        last_position integer not null default 0,
        archived_at timestamptz,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        search tsvector generated always as (to_tsvector('simple', coalesce(title, ''))) stored
      );
      create index conversations_user on conversations (user_id, id);
      create index conversations_search on conversations using gin (search);

      create table messages (
        id uuid primary key,
        conversation_id uuid not null references conversations (id) on delete cascade,
        parent_id uuid references messages (id) on delete cascade,
        position integer not null,
        role text not null check (role in ('user', 'assistant', 'tool', 'system')),
        content jsonb not null,
        agent text,
        run_id uuid,
        tool_calls jsonb,
        tool_call_id text,
        status text not null check (status in ('complete', 'incomplete')),
        model text,
        generated_by text check (generated_by in ('rules', 'llm')),
        visibility text not null default 'user' check (visibility in ('user', 'internal')),
        created_at timestamptz not null default now(),
        search tsvector generated always as (
          case when visibility = 'user' and role in ('user', 'assistant')
            then jsonb_to_tsvector('simple', jsonb_path_query_array(content, '$[*].text'), '["string"]')
          end
        ) stored
      );
      create unique index messages_position on messages (conversation_id, position);
      create index messages_parent on messages (parent_id);
      create index messages_search on messages using gin (search);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table messages; drop table conversations;');
  }
}
