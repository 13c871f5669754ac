import { type MigrationInterface, type QueryRunner } from 'typeorm';

const TRIGGER = (more: string) => `
  drop trigger runs_plan_webhook_deliveries on runs;
  create trigger runs_plan_webhook_deliveries after update of status on runs
    for each row when (old.status is distinct from new.status
      and new.status in ('completed', 'failed', 'cancelled', 'expired', 'requires_action') ${more})
    execute function plan_webhook_deliveries();
`;

export class SimulateRuns1765000420000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- No tool is run: every answer of one is made from its output schema.
      alter table runs add column simulate boolean not null default false;
      ${TRIGGER('and not new.simulate')}
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`${TRIGGER('')} alter table runs drop column simulate`);
  }
}
