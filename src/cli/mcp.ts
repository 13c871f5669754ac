import path from 'node:path';
import { Argument, type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { contextOf } from './context.js';
import { MCP_CLIENTS, type McpClient, snippetFor } from './mcp-snippets.js';

const SCOPES = ['mcp', 'tools:read', 'tools:call'];

interface NewKey {
  readonly id: string;
  readonly key: string;
}

export function registerMcp(program: Command, env: CliEnv): void {
  const mcp = program.command('mcp').description('the door for MCP clients');

  mcp
    .command('config')
    .description('make an API key and print what to put where, for one client')
    .addArgument(new Argument('<client>', 'the client').choices(MCP_CLIENTS))
    .action(async (client: McpClient, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      const { links } = await api.get<{ links: { mcp: string } }>('/');
      const made = await api.post<NewKey>('/api/v1/api-keys', { name: `mcp: ${client}`, scopes: SCOPES });
      const snippet = snippetFor(client, { url: links.mcp, key: made.key, folder: path.resolve('.') });
      if (out.json) {
        out.data({ ...snippet, url: links.mcp, apiKeyId: made.id, key: made.key });
        return;
      }
      out.note(snippet.where);
      out.line(snippet.text);
      for (const note of snippet.notes) out.note(note);
      out.note(`The key is shown this once; its id is ${made.id}, its scopes are ${SCOPES.join(', ')}.`);
    });
}
