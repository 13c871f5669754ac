import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { EX_USAGE } from '../config/exit-codes.js';
import { type ApiClient } from './api-client.js';
import { CliError } from './cli-error.js';
import { contextOf } from './context.js';
import { findMcpServer, MCP_SERVERS } from './mcp-server-lookup.js';

interface State {
  readonly signedIn: boolean;
  readonly scope: string | null;
  readonly renewedAt: string | null;
  readonly pending: boolean;
}

interface Options {
  readonly timeout: string;
  readonly open: boolean;
}

const POLL_MS = 1_000;
/** A sign-in that was begun ends after this time, whoever waits. */
const MAX_SECONDS = 600;

/** `mcp-servers sign-in` and `sign-out`: yourself, or for all where one sign-in serves all. */
export function registerMcpSignIn(servers: Command, env: CliEnv): void {
  servers
    .command('sign-in <name>')
    .description('sign in by OAuth: open the address in a browser, this command waits for you')
    .option('--timeout <seconds>', 'how long to wait, at most 600', '300')
    .option('--no-open', 'only print the address')
    .action(async (name: string, options: Options, command: Command) => {
      const { api, out } = contextOf(command, env);
      const seconds = secondsOf(options.timeout);
      const route = `${MCP_SERVERS}/${(await findMcpServer(api, name)).id}/sign-in`;
      const before = await api.get<State>(route);
      const { authorizationUrl } = await api.post<{ authorizationUrl: string }>(route);
      out.note('Open this address in a browser, and confirm on the page that you come back to:');
      if (out.json) out.note(authorizationUrl);
      else out.line(authorizationUrl);
      if (options.open && process.stdout.isTTY) openInBrowser(authorizationUrl);
      const state = await waitForEnd(api, route, seconds);
      if (!state.signedIn || state.renewedAt === before.renewedAt)
        throw new CliError(`You did not sign in at ${name}: it was refused or taken back in the browser.`);
      if (out.json) out.data(state);
      else out.line(`signed in at ${name}${state.scope === null ? '' : ` (${state.scope})`}`);
    });

  servers
    .command('sign-out <name>')
    .description('forget the tokens of a sign-in')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      await api.delete(`${MCP_SERVERS}/${(await findMcpServer(api, name)).id}/sign-in`);
      out.line(`signed out at ${name}`);
    });
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= 1 && seconds <= MAX_SECONDS))
    throw new CliError(`--timeout ${text}: give 1 to ${MAX_SECONDS} seconds`, EX_USAGE);
  return seconds;
}

/** Until the person came back, whatever came of it. */
async function waitForEnd(api: ApiClient, route: string, seconds: number): Promise<State> {
  const deadline = Date.now() + seconds * 1_000;
  for (;;) {
    const state = await api.get<State>(route);
    if (!state.pending) return state;
    if (Date.now() >= deadline)
      throw new CliError(
        `Nobody came back within ${seconds} s. The address works for 10 minutes; or begin again: mcp-servers sign-in`,
      );
    await delay(POLL_MS);
  }
}

/** Where there is a desktop. No shell sees the address, and only one of the web is opened. */
function openInBrowser(address: string): void {
  if (!/^https?:$/.test(new URL(address).protocol)) return;
  const commands: Partial<Record<NodeJS.Platform, [string, ...string[]]>> = {
    darwin: ['open'],
    win32: ['rundll32', 'url.dll,FileProtocolHandler'],
  };
  const [program, ...args] = commands[process.platform] ?? ['xdg-open'];
  spawn(program, [...args, address], { stdio: 'ignore', detached: true })
    .once('error', () => undefined)
    .unref();
}
