import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** The document of an import that was not made from a URL: without it the registry could not be made again elsewhere. */
export class KeepImportDocuments1765000400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table tool_imports add column document text;');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table tool_imports drop column document;');
  }
}
