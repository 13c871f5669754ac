import { type ApiClient } from './api-client.js';
import { CliError } from './cli-error.js';
import { everything } from './pages.js';

export const MCP_SERVERS = '/api/v1/mcp-servers';

/** An upstream MCP server, as far as the commands read it. */
export interface McpServer {
  readonly id: string;
  readonly name: string;
  readonly transport: string;
  readonly url: string | null;
  readonly state: string;
  readonly lastError: string | null;
  readonly toolCount: number;
  readonly problems: readonly { tool: string; message: string }[];
}

/** Throws CliError when there is none. */
export async function findMcpServer(api: ApiClient, name: string): Promise<McpServer> {
  const server = (await everything<McpServer>(api, MCP_SERVERS)).find((each) => each.name === name);
  if (server === undefined) throw new CliError(`There is no MCP server "${name}". See: mcp-servers list`);
  return server;
}
