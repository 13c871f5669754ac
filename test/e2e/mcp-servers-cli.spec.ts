import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { McpUpstream } from '../fakes/mcp-upstream.js';
import { buildOnce, environment, PROJECT } from '../support/server-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

jest.setTimeout(60_000);

let server: TestApp;
let upstream: McpUpstream;
let token: string;
let home: string;
beforeAll(async () => {
  buildOnce();
  home = mkdtempSync(path.join(tmpdir(), 'mcp-server-home-'));
  upstream = await McpUpstream.start([{ name: 'echo' }, { name: 'bad', inputSchema: 'x' }]);
  server = await startTestApp({ EGRESS_ALLOW: upstream.host });
  token = await server.login();
}, 120_000);
afterAll(async () => {
  await server?.stop();
  await upstream?.stop();
  rmSync(home, { recursive: true, force: true });
});

async function cli(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(path.join(PROJECT, 'bin/mcp-server'), ['mcp-servers', ...args], {
    cwd: home,
    env: environment({
      MCP_SERVER_URL: server.url,
      MCP_SERVER_TOKEN: token,
      XDG_CONFIG_HOME: home,
      DATA_DIR: home,
    }),
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

it('adds, lists, refreshes and removes an upstream server', async () => {
  const added = await cli('add', 'fake', upstream.url, '--header', 'X-Team=a');
  expect(added).toMatchObject({ code: 0, stderr: '' });
  expect(added.stdout).toContain('fake: healthy, 1 tools');
  expect(added.stdout).toMatch(/refused +bad: inputSchema must be/);
  expect(upstream.requests.at(-1)?.headers['x-team']).toBe('a');

  expect((await cli('list')).stdout).toMatch(/fake +healthy +1/);
  upstream.tools = [{ name: 'echo', description: 'Changed' }];
  expect((await cli('refresh', 'fake')).stdout).toMatch(/quarantined +fake__echo/);
  expect(await cli('refresh', 'none')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('mcp-servers list'),
  });
  expect(await cli('remove', 'fake')).toMatchObject({ code: 0, stdout: 'fake is removed\n' });
  expect((await cli('list')).stdout).not.toContain('fake');
});
