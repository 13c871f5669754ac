import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class KeepRefreshAnswer1763800120000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table sessions add column rotated_answer text;');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table sessions drop column rotated_answer;');
  }
}
