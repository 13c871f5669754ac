import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { EX_USAGE } from '../config/exit-codes.js';
import { type ApiClient } from './api-client.js';
import { CliError } from './cli-error.js';
import { contextOf } from './context.js';
import { findMcpServer, MCP_SERVERS, type McpServer } from './mcp-server-lookup.js';
import { registerMcpSignIn } from './mcp-sign-in.js';
import { type Output } from './output.js';
import { everything } from './pages.js';

interface Refreshed {
  readonly server: McpServer;
  readonly added: readonly string[];
  readonly quarantined: readonly string[];
  readonly vanished: readonly string[];
}

export function registerMcpServers(program: Command, env: CliEnv): void {
  const servers = program
    .command('mcp-servers')
    .description('other MCP servers whose tools are offered here');

  servers
    .command('list')
    .description('all servers and how they are')
    .action(async (_options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.list(await everything<McpServer>(api, MCP_SERVERS), {
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
    .option('--oauth <per>', 'people sign in: one sign-in for all ("server"), or each his own ("user")')
    .option('--client-credentials', 'this server signs in itself, as the OAuth client of --client-id')
    .option('--client-id <id>', 'of the OAuth client; with --oauth it registers itself without one')
    .option('--client-secret <secret>', 'name of the secret of the OAuth client')
    .option('--scope <scopes>', 'OAuth scopes to ask for, separated by spaces')
    .option('--header <name=value...>', 'a header for every request; not for credentials')
    .action(async (name: string, url: string, options: AddOptions, command: Command) => {
      const { api, out } = contextOf(command, env);
      const auth = authOf(options);
      const body = { name, url, auth, headers: headersOf(options.header ?? []) };
      const server = await api.post<McpServer>(MCP_SERVERS, body);
      if (options.oauth === undefined)
        return refresh(api, out, server.id).catch((error: unknown) => {
          out.note(`${name} is added, and is looked at again by itself; mcp-servers remove takes it away`);
          throw error;
        });
      if (out.json) out.data(server);
      else out.line(`${name} is added; its tools come when you sign in: mcp-servers sign-in ${name}`);
    });

  servers
    .command('refresh <name>')
    .description('list its tools again now (admins)')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      await refresh(api, out, (await findMcpServer(api, name)).id);
    });

  registerMcpSignIn(servers, env);

  servers
    .command('remove <name>')
    .description('remove a server with its tools (admins)')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      await api.delete(`${MCP_SERVERS}/${(await findMcpServer(api, name)).id}`);
      out.line(`${name} is removed`);
    });
}

interface AddOptions {
  readonly bearer?: string;
  readonly oauth?: string;
  readonly clientCredentials?: boolean;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly scope?: string;
  readonly header?: readonly string[];
}

async function refresh(api: ApiClient, out: Output, id: string): Promise<void> {
  const found = await api.post<Refreshed>(`${MCP_SERVERS}/${id}/refresh`);
  if (out.json) return out.data(found);
  const { server, added, quarantined, vanished } = found;
  out.line(`${server.name}: ${server.state}, ${server.toolCount} tools`);
  for (const name of added) if (!quarantined.includes(name)) out.line(`  new          ${name}`);
  for (const name of quarantined) out.line(`  quarantined  ${name} (an admin has to approve its definition)`);
  for (const name of vanished) out.line(`  gone         ${name}`);
  for (const { tool, message } of server.problems) out.line(`  refused      ${tool}: ${message}`);
}

/** At most one way to sign in; what its members may be, the server says. */
function authOf(options: AddOptions): Record<string, unknown> | null {
  const { bearer, oauth, clientCredentials, clientId, clientSecret: secret, scope } = options;
  const ways = [bearer, oauth, clientCredentials].filter((way) => way !== undefined);
  if (ways.length > 1) throw new CliError('Give one of --bearer, --oauth and --client-credentials', EX_USAGE);
  if (bearer !== undefined) return { type: 'bearer', secret: bearer };
  if (oauth !== undefined) return { type: 'oauth', per: oauth, clientId, secret, scope };
  return clientCredentials === true ? { type: 'client_credentials', clientId, secret, scope } : null;
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
