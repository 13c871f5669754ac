import { homedir } from 'node:os';
import path from 'node:path';

export const MCP_CLIENTS = ['claude-code', 'claude', 'vscode', 'cursor'] as const;
export type McpClient = (typeof MCP_CLIENTS)[number];

export interface Snippet {
  /** A command to run, or the file that the text belongs into: absolute where its place is known. */
  readonly where: string;
  readonly text: string;
  readonly notes: readonly string[];
}

interface Connection {
  /** Absolute URL of /mcp. */
  readonly url: string;
  readonly key: string;
  /** The project whose own configuration is written, where a client has one for each project. */
  readonly folder: string;
}

const NAME = 'mcp-server';

/** What a client needs to connect. The key is in the text only where the client has no prompt or input for it. */
export function snippetFor(client: McpClient, connection: Connection): Snippet {
  return SNIPPETS[client](connection);
}

const SNIPPETS: Readonly<Record<McpClient, (connection: Connection) => Snippet>> = {
  'claude-code': ({ url, key }) => ({
    where: 'Run this; Claude Code keeps the key in its own configuration of your user:',
    text: `claude mcp add --scope user --transport http ${NAME} ${url} --header "Authorization: Bearer ${key}"`,
    notes: ['Then /mcp in a session shows the connection.'],
  }),

  // Its connectors log in by OAuth and take no key, so a local bridge carries it. No space after the colon: on some
  // systems arguments with spaces arrive broken.
  claude: ({ url, key }) => ({
    where: `Put this into ${claudeDesktopFile()}, then restart Claude:`,
    text: json({
      mcpServers: {
        [NAME]: {
          command: 'npx',
          args: ['-y', 'mcp-remote', url, '--header', 'Authorization:${AUTHORIZATION}'],
          env: { AUTHORIZATION: `Bearer ${key}` },
        },
      },
    }),
    notes: ['The file holds the key: keep it to yourself.'],
  }),

  vscode: ({ url, key, folder }) => ({
    where: `Put this into ${path.join(folder, '.vscode', 'mcp.json')}; it holds no key and may be committed:`,
    text: json({
      inputs: [
        { type: 'promptString', id: 'mcp-server-key', description: 'API key of mcp-server', password: true },
      ],
      servers: {
        [NAME]: { type: 'http', url, headers: { Authorization: 'Bearer ${input:mcp-server-key}' } },
      },
    }),
    notes: [`VS Code asks for the key once and keeps it:  ${key}`],
  }),

  cursor: ({ url, key }) => ({
    where: `Put this into ${path.join(homedir(), '.cursor', 'mcp.json')}; it holds no key:`,
    text: json({
      mcpServers: { [NAME]: { url, headers: { Authorization: 'Bearer ${env:MCP_SERVER_KEY}' } } },
    }),
    notes: [`Start Cursor with the key in its environment:  export MCP_SERVER_KEY=${key}`],
  }),
};

/** Where Claude Desktop looks; it has no build for Linux, where the unofficial ones use this folder. */
function claudeDesktopFile(): string {
  const folder = { darwin: 'Library/Application Support/Claude', win32: 'AppData/Roaming/Claude' } as Record<
    string,
    string
  >;
  return path.join(homedir(), folder[process.platform] ?? '.config/Claude', 'claude_desktop_config.json');
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
