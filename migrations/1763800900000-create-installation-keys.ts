import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateInstallationKeys1763800900000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table installation_keys (
        id text primary key,
        check_tag text not null,
        created_at timestamptz not null default now()
      );
      comment on table installation_keys is
        'Which keys of ENCRYPTION_KEYS this database was used with, each with a tag that only that key can make';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table installation_keys;');
  }
}
