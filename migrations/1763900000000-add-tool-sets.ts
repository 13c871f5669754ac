import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class AddToolSets1763900000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Whose list a tool is on (an upstream server, an import, the code); null is a tool that an admin made by itself.
      alter table tools add column set_id text;
      -- The version that the list offers now. Null: it is no longer on the list, or there is no list.
      alter table tools add column offered_version integer;
      update tools set set_id = 'code',
        offered_version = case when state = 'active' then version end where kind = 'builtin';
      create index tools_set on tools (kind, set_id) where set_id is not null;
      -- Where the version's calls go, so that a rollback takes them back too.
      alter table tool_versions add column source jsonb;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table tool_versions drop column source;
      alter table tools drop column offered_version, drop column set_id;
    `);
  }
}
