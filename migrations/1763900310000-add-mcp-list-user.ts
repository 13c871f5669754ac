import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Where each user signs in at an upstream, its tools are listed by the sign-in of one admin. */
export class AddMcpListUser1763900310000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'alter table mcp_servers add column list_user_id uuid references users (id) on delete set null',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table mcp_servers drop column list_user_id');
  }
}
