import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class ExtendRunsForAgents1763900600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table runs
        add column variables jsonb not null default '{}',
        add column output_schema jsonb;

      -- What a model made of the older part of a conversation; the messages themselves stay.
      create table conversation_summaries (
        conversation_id uuid not null references conversations (id) on delete cascade,
        -- The last message that it covers; a summary is gone with it.
        message_id uuid not null references messages (id) on delete cascade,
        text text not null,
        model text not null,
        run_id uuid,
        created_at timestamptz not null default now(),
        primary key (conversation_id, message_id)
      );
      create index conversation_summaries_message on conversation_summaries (message_id);

      create table memory_notes (
        id uuid primary key,
        user_id uuid not null references users (id) on delete cascade,
        agent text not null,
        text text not null,
        hash text not null,
        -- Where it comes from. No foreign keys: a note outlives its run.
        run_id uuid,
        step text,
        untrusted boolean not null,
        created_at timestamptz not null default now(),
        search tsvector generated always as (to_tsvector('simple', text)) stored
      );
      create unique index memory_notes_text on memory_notes (user_id, agent, hash);
      create index memory_notes_user on memory_notes (user_id, id);
      create index memory_notes_search on memory_notes using gin (search);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table memory_notes;
      drop table conversation_summaries;
      alter table runs drop column variables, drop column output_schema;
    `);
  }
}
