import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { type ApiClient } from './api-client.js';
import { CliError } from './cli-error.js';
import { contextOf } from './context.js';
import { type Output } from './output.js';
import { everything } from './pages.js';

interface McpServer {
  readonly id: string;
  readonly name: string;
  readonly transport: string;
  readonly url: string | null;
  readonly state: string;
  readonly lastError: string | null;
  readonly toolCount: number;
  readonly problems: readonly { tool: string; message: string }[];
}

interface Refreshed {
  readonly server: McpServer;
  readonly added: readonly string[];
  readonly quarantined: readonly string[];
  readonly vanished: readonly string[];
}

const ROUTE = '/api/v1/mcp-servers';

export function registerMcpServers(program: Command, env: CliEnv): void {
  const servers = program
    .command('mcp-servers')
    .description('other MCP servers whose tools are offered here');

  servers
    .command('list')
    .description('all servers and how they are')
    .action(async (_options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.list(await everything<McpServer>(api, ROUTE), {
        name: (server) => server.name,
        state: (server) => server.state,
        tools: (server) => server.toolCount,
        address: (server) => server.url ?? `${server.transport} (from the file)`,
        error: (server) => server.lastError ?? '-',
      });
    });

  servers
    .command('add <name> <url>')
    .description('add a server by the address of its Streamable HTTP endpoint (admins)')
    .option('--bearer <secret>', 'name of a secret that is sent as a bearer token (see secrets set)')
    .option('--header <name=value...>', 'a header for every request; not for credentials')
    .action(async (name: string, url: string, options: AddOptions, command: Command) => {
      const { api, out } = contextOf(command, env);
      const auth = options.bearer === undefined ? null : { type: 'bearer', secret: options.bearer };
      const body = { name, url, auth, headers: headersOf(options.header ?? []) };
      const server = await api.post<McpServer>(ROUTE, body);
      await refresh(api, out, server.id);
    });

  servers
    .command('refresh <name>')
    .description('list its tools again now (admins)')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      await refresh(api, out, (await named(api, name)).id);
    });

  servers
    .command('remove <name>')
    .description('remove a server with its tools (admins)')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      await api.delete(`${ROUTE}/${(await named(api, name)).id}`);
      out.line(`${name} is removed`);
    });
}

interface AddOptions {
  readonly bearer?: string;
  readonly header?: readonly string[];
}

async function named(api: ApiClient, name: string): Promise<McpServer> {
  const server = (await everything<McpServer>(api, ROUTE)).find((each) => each.name === name);
  if (server === undefined) throw new CliError(`There is no MCP server "${name}". See: mcp-servers list`);
  return server;
}

async function refresh(api: ApiClient, out: Output, id: string): Promise<void> {
  const found = await api.post<Refreshed>(`${ROUTE}/${id}/refresh`);
  if (out.json) return out.data(found);
  const { server, added, quarantined, vanished } = found;
  out.line(`${server.name}: ${server.state}, ${server.toolCount} tools`);
  for (const name of added) if (!quarantined.includes(name)) out.line(`  new          ${name}`);
  for (const name of quarantined) out.line(`  quarantined  ${name} (an admin has to approve its definition)`);
  for (const name of vanished) out.line(`  gone         ${name}`);
  for (const { tool, message } of server.problems) out.line(`  refused      ${tool}: ${message}`);
}

function headersOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new CliError(`--header ${pair}: write it as name=value`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}
