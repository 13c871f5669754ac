import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateWebhooks1763900800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table webhooks (
        id uuid primary key,
        user_id uuid not null references users (id) on delete cascade,
        url text not null,
        events text[] not null,
        secret text not null,
        enabled boolean not null default true,
        created_at timestamptz not null default now()
      );
      create index webhooks_user on webhooks (user_id, id);

      -- What has to be told, one row for each webhook and occasion. event_id is '<run id>-<number of the run's last
      -- event>': the same for every webhook and for every try.
      create table webhook_deliveries (
        position bigint generated always as identity primary key,
        webhook_id uuid not null references webhooks (id) on delete cascade,
        run_id uuid not null references runs (id) on delete cascade,
        event_id text not null,
        event text not null,
        state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
        attempts integer not null default 0,
        next_attempt_at timestamptz default now(),
        response_status integer,
        error_code text,
        created_at timestamptz not null default now(),
        finished_at timestamptz,
        unique (webhook_id, event_id)
      );
      create index webhook_deliveries_due on webhook_deliveries (next_attempt_at) where state = 'pending';
      create index webhook_deliveries_run on webhook_deliveries (run_id);

      -- A delivery is born in the very statement that changes the status, whoever changes it: none is lost, none is
      -- made for a change that was rolled back.
      create function plan_webhook_deliveries() returns trigger language plpgsql as $$
        begin
          insert into webhook_deliveries (webhook_id, run_id, event_id, event)
            select w.id, new.id, new.id || '-' || new.last_seq, 'run.' || new.status
              from webhooks w
             where w.user_id = new.user_id and w.enabled and ('run.' || new.status) = any (w.events)
            on conflict do nothing;
          return null;
        end $$;
      create trigger runs_plan_webhook_deliveries after update of status on runs
        for each row when (old.status is distinct from new.status
          and new.status in ('completed', 'failed', 'cancelled', 'expired', 'requires_action'))
        execute function plan_webhook_deliveries();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop trigger runs_plan_webhook_deliveries on runs; drop function plan_webhook_deliveries;
      drop table webhook_deliveries; drop table webhooks;
    `);
  }
}
