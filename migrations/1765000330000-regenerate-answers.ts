import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class RegenerateAnswers1765000330000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- The message that the answer of this run follows; null: the end of the active branch.
      alter table runs add column answer_parent_id uuid;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table runs drop column answer_parent_id');
  }
}
