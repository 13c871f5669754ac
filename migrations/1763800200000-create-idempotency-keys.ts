import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateIdempotencyKeys1763800200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table idempotency_keys (
        user_id uuid not null references users (id) on delete cascade,
        route text not null,
        key text not null,
        body_hash text not null,
        status smallint not null,
        body jsonb,
        created_at timestamptz not null default now(),
        primary key (user_id, route, key)
      );
      create index idempotency_keys_created on idempotency_keys (created_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table idempotency_keys;');
  }
}
