import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateSecrets1763900200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table secrets (
        id uuid primary key,
        name text not null unique check (name ~ '^[A-Za-z0-9_.:-]{1,200}$'),
        origins text[] not null check (cardinality(origins) > 0),
        version integer not null,
        key_id text not null,
        wrapped_key text not null,
        sealed text not null,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      );
      create index secrets_key on secrets (key_id, id);
      comment on table secrets is
        'Each value is encrypted by a data key of its own, which the key key_id of ENCRYPTION_KEYS wraps (AES-256-GCM)';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table secrets;');
  }
}
