import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateToolImports1763900210000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table tool_imports (
        name text primary key check (name ~ '^[A-Za-z0-9_-]{1,64}$'),
        url text,
        options jsonb not null,
        title text not null,
        tools integer not null,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table tool_imports;');
  }
}
