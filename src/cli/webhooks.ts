import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { contextOf } from './context.js';
import { everything } from './pages.js';

interface Webhook {
  readonly id: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly enabled: boolean;
}

interface Delivery {
  readonly eventId: string;
  readonly event: string;
  readonly state: string;
  readonly attempts: number;
  readonly responseStatus: number | null;
  readonly errorCode: string | null;
}

const ROUTE = '/api/v1/webhooks';
const route = (id: string) => `${ROUTE}/${encodeURIComponent(id)}`;

export function registerWebhooks(program: Command, env: CliEnv): void {
  const webhooks = program.command('webhooks').description('addresses that are told when your runs end');

  webhooks
    .command('list')
    .description('your webhooks')
    .action(async (_options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.list(await everything<Webhook>(api, ROUTE), {
        id: (hook) => hook.id,
        enabled: (hook) => hook.enabled,
        url: (hook) => hook.url,
        events: (hook) => hook.events.join(' '),
      });
    });

  webhooks
    .command('add <url>')
    .description('make one; its secret is shown this once')
    .option('--event <name...>', 'only these events, e.g. run.completed')
    .action(async (url: string, options: { event?: string[] }, command: Command) => {
      const { api, out } = contextOf(command, env);
      const body = { url, ...(options.event && { events: options.event }) };
      out.show(await api.post<Record<string, unknown>>(ROUTE, body));
    });

  webhooks
    .command('deliveries <id>')
    .description('what it was told, newest first')
    .action(async (id: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.list(await everything<Delivery>(api, `${route(id)}/deliveries`, {}, 100), {
        id: (delivery) => delivery.eventId,
        event: (delivery) => delivery.event,
        state: (delivery) => delivery.state,
        tries: (delivery) => delivery.attempts,
        status: (delivery) => delivery.responseStatus,
        error: (delivery) => delivery.errorCode,
      });
    });

  webhooks
    .command('ping <id>')
    .description('send a trial delivery now')
    .action(async (id: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.show(await api.post<Record<string, unknown>>(`${route(id)}/ping`));
    });

  webhooks
    .command('remove <id>')
    .description('delete one, with what it was still to be told')
    .action(async (id: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      await api.delete(route(id));
      out.line(`${id} is removed`);
    });
}
