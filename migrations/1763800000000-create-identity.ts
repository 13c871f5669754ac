import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateIdentity1763800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table users (
        id uuid primary key,
        email text not null,
        name text,
        role text not null check (role in ('admin', 'member')),
        password_hash text not null,
        disabled_at timestamptz,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      );
      create unique index users_email on users (lower(email));

      create table sessions (
        id uuid primary key,
        user_id uuid not null references users (id) on delete cascade,
        device text,
        ip text,
        refresh_hash text not null,
        previous_refresh_hash text,
        rotated_at timestamptz not null default now(),
        created_at timestamptz not null default now(),
        last_seen_at timestamptz not null default now(),
        expires_at timestamptz not null,
        revoked_at timestamptz
      );
      create index sessions_user on sessions (user_id, id);
      create unique index sessions_refresh on sessions (refresh_hash);

      create table signing_keys (
        kid text primary key,
        private_key text not null,
        created_at timestamptz not null default now(),
        retired_at timestamptz
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table signing_keys; drop table sessions; drop table users;');
  }
}
