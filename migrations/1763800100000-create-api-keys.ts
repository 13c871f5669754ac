import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateApiKeys1763800100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table api_keys (
        id uuid primary key,
        user_id uuid not null references users (id) on delete cascade,
        name text not null,
        key_hash text not null,
        scopes text[] not null,
        expires_at timestamptz,
        last_used_at timestamptz,
        created_at timestamptz not null default now()
      );
      create unique index api_keys_hash on api_keys (key_hash);
      create index api_keys_user on api_keys (user_id, id);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table api_keys;');
  }
}
