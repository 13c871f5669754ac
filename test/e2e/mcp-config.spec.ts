import { spawn } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { modern } from '../support/mcp-client.js';
import { buildOnce, environment, PROJECT } from '../support/server-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

jest.setTimeout(60_000);

let server: TestApp;
let token: string;
let home: string;
beforeAll(async () => {
  buildOnce();
  server = await startTestApp();
  token = await server.login();
  home = realpathSync(mkdtempSync(path.join(tmpdir(), 'mcp-server-home-')));
}, 120_000);
afterAll(async () => {
  await server?.stop();
  rmSync(home, { recursive: true, force: true });
});

async function config(...args: string[]) {
  const child = spawn(path.join(PROJECT, 'bin/mcp-server'), ['mcp', 'config', ...args], {
    cwd: home,
    env: environment({ MCP_SERVER_URL: server.url, MCP_SERVER_TOKEN: token, HOME: home }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { code, stdout, stderr, key: /mcp_[\w-]+/.exec(stdout + stderr)?.[0] ?? '' };
}

/** The URL that the server tells of itself: absolute, as clients need it. */
const mcpUrl = async () => (await server.call('GET', '/')).body.links.mcp as string;

describe('bin/mcp-server mcp config', () => {
  it('makes a key with just the scopes of an MCP client, which opens the door', async () => {
    const { code, stdout, key } = await config('claude-code');
    expect(code).toBe(0);
    expect(stdout).toBe(
      `claude mcp add --scope user --transport http mcp-server ${await mcpUrl()} --header "Authorization: Bearer ${key}"\n`,
    );
    const listed = await modern(server, key, 'tools/list');
    expect(listed.body.result.tools.map((tool: { name: string }) => tool.name)).toContain('calculator');
    expect((await server.call('GET', '/api/v1/conversations', { token: key })).status).toBe(403);
    const keys = await server.call('GET', '/api/v1/api-keys', { token });
    expect(keys.body.items).toContainEqual(
      expect.objectContaining({ name: 'mcp: claude-code', scopes: ['mcp', 'tools:read', 'tools:call'] }),
    );
  });

  it('prints JSON for the file of each other client, and names the file', async () => {
    const claude = await config('claude');
    expect(claude.stderr).toContain('claude_desktop_config.json');
    const bridge = JSON.parse(claude.stdout).mcpServers['mcp-server'];
    expect(bridge.args).toEqual([
      '-y',
      'mcp-remote',
      await mcpUrl(),
      '--header',
      'Authorization:${AUTHORIZATION}',
    ]);
    expect(bridge.env).toEqual({ AUTHORIZATION: `Bearer ${claude.key}` });

    const vscode = await config('vscode');
    expect(vscode.stderr).toContain(path.join(home, '.vscode/mcp.json'));
    expect(JSON.parse(vscode.stdout)).toEqual({
      inputs: [expect.objectContaining({ type: 'promptString', id: 'mcp-server-key', password: true })],
      servers: {
        'mcp-server': {
          type: 'http',
          url: await mcpUrl(),
          headers: { Authorization: 'Bearer ${input:mcp-server-key}' },
        },
      },
    });

    const cursor = await config('cursor');
    expect(cursor.stderr).toContain(path.join(home, '.cursor/mcp.json'));
    expect(JSON.parse(cursor.stdout).mcpServers['mcp-server'].headers).toEqual({
      Authorization: 'Bearer ${env:MCP_SERVER_KEY}',
    });
    // A file that may be committed holds no key: the client asks for it.
    for (const { stdout, stderr, key } of [vscode, cursor]) {
      expect(stdout).not.toContain('mcp_');
      expect(stderr).toContain(key);
    }
  });

  it('refuses a client that it does not know', async () => {
    const refused = await config('emacs');
    expect(refused).toMatchObject({ code: 64, stderr: expect.stringContaining('vscode') });
  });
});
