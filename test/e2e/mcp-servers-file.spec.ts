import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EVERYTHING_STDIO, EverythingServer } from '../support/everything-server.js';
import { processesOf, until } from '../support/server-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let folder: string;
let file: string;
let remote: EverythingServer;
let server: TestApp;
let token: string;
let isStopped = false;

const call = (name: string, args: object = {}) =>
  server.call('POST', `/api/v1/tools/${name}/call`, { token, body: { arguments: args } });
const servers = async () => (await server.call('GET', '/api/v1/mcp-servers', { token })).body.items;
const state = async (name: string) =>
  (await servers()).find((item: { name: string }) => item.name === name)?.state;

/** A server that keeps a grandchild and would outlive a closed pipe and SIGTERM. */
const STUBBORN = `
  const { spawn } = require('node:child_process');
  spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', process.argv[1]], { stdio: 'ignore' });
  process.on('SIGTERM', () => {});
  setInterval(() => {}, 1000);
  process.stdin.on('data', (data) => {
    for (const line of data.toString().split('\\n').filter(Boolean)) {
      const { id, method } = JSON.parse(line);
      const results = {
        initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } },
        'tools/list': { tools: [{ name: 'die', inputSchema: { type: 'object' } }, { name: 'live', inputSchema: { type: 'object' } }] },
        'tools/call': { content: [{ type: 'text', text: 'alive' }] },
      };
      if (method === 'tools/call' && line.includes('"die"')) process.exit(1);
      const answer = results[method] ? { result: results[method] } : { error: { code: -32601, message: 'no' } };
      if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
    }
  });`;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'mcp-servers-file-'));
  file = path.join(folder, 'mcp.json');
  remote = await EverythingServer.start();
  // As clients write it, with members that are theirs alone.
  const mcpServers = {
    everything: { ...EVERYTHING_STDIO, env: { FROM_FILE: 'yes' }, autoApprove: [], timeout: 60 },
    'remote.one': { type: 'http', url: remote.url, headers: { Authorization: 'Bearer from-the-file' } },
    stubborn: { command: process.execPath, args: ['-e', STUBBORN, folder] },
    gone: { command: path.join(folder, 'no-such-program') },
    broken: { args: ['x'] },
    old: { type: 'sse', url: 'http://127.0.0.1:1/sse' },
    off: { command: 'false', disabled: true },
  };
  writeFileSync(file, JSON.stringify({ mcpServers, inputs: [] }));
  server = await startTestApp({ MCP_SERVERS_FILE: file });
  token = await server.login();
  await until('the servers are looked at', async () => {
    const states = await Promise.all(['everything', 'remote.one', 'stubborn'].map(state));
    return states.every((each) => each === 'healthy');
  });
}, 60_000);
afterAll(async () => {
  if (!isStopped) await server?.stop();
  await remote?.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe('MCP_SERVERS_FILE', () => {
  it('starts the program of a stock mcpServers file and offers its tools', async () => {
    const echoed = await call('everything__echo', { message: 'by stdio' });
    expect(echoed.body.content).toEqual([{ type: 'text', text: 'Echo: by stdio' }]);
    const listed = await server.call('GET', '/api/v1/tools?kind=mcp&q=everything__&limit=100', { token });
    expect(listed.body.items).toHaveLength(13);
  });

  it('[S56] the program gets its own variables and none of ours', async () => {
    const { body } = await call('everything__get-env');
    const variables = JSON.parse(body.content[0].text) as Record<string, string>;
    expect(variables).toMatchObject({ FROM_FILE: 'yes', PATH: expect.any(String) });
    const names = Object.keys(variables).filter(
      (name) => !/^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_ALL|TERM|TZ|TMPDIR)$/.test(name),
    );
    expect(names.sort()).toEqual(['FROM_FILE', 'MCP_SERVER_PARENT']);
  });

  it('a server by URL is the operator’s own, wherever it is, and named by the pure rule', async () => {
    expect((await call('remote_one__get-sum', { a: 1, b: 1 })).body.content[0].text).toContain('2');
  });

  it('a broken entry is named and skipped, what it needs stays in the file', async () => {
    const { body } = await server.call('POST', '/api/v1/tools/reload', { token });
    const problems = body.problems.map(
      ({ file: name, message }: { file: string; message: string }) => `${name} ${message}`,
    );
    expect(problems).toEqual([
      expect.stringContaining('broken it needs "command" or "url"'),
      expect.stringContaining('old type "sse"'),
    ]);
    const listed = await servers();
    expect(listed.map((item: { name: string }) => item.name)).toEqual([
      'everything',
      'gone',
      'remote.one',
      'stubborn',
    ]);
    for (const item of listed)
      expect(item).toMatchObject({ origin: 'file', url: null, headers: {}, auth: null });
    expect(JSON.stringify(await server.sql('select * from mcp_servers'))).not.toContain('from-the-file');
    expect(await state('gone')).toBe('unhealthy');
    const [{ id }] = listed;
    const changed = await server.call('PATCH', `/api/v1/mcp-servers/${id}`, {
      token,
      body: { enabled: false },
    });
    expect(changed).toMatchObject({ status: 409, body: { code: 'mcp_server_in_file' } });
  });

  it('a program that ends during a call fails it at once, and is started again', async () => {
    const startedAt = Date.now();
    const { body } = await call('stubborn__die');
    expect(body.errorCode ?? body.code).toBe('upstream_unreachable');
    expect(Date.now() - startedAt).toBeLessThan(5_000);
    expect((await call('stubborn__live')).body.content[0].text).toBe('alive');
  });

  it('ends the whole group of a program when the server stops', async () => {
    expect(processesOf(folder).length).toBeGreaterThanOrEqual(2);
    isStopped = true;
    await server.stop();
    await until('no process is left', () => processesOf(folder).length === 0, 5_000);
  });

  it.each([
    ['{ "mcpServers": { "a": }', /MCP_SERVERS_FILE is not valid JSON: (?:Unexpected token '}'|position 23)/],
    ['{ "servers": {} }', /"mcpServers"/],
  ])('a file that cannot be read stops the start with exit code 78: %s', async (content, message) => {
    const broken = path.join(folder, 'broken.json');
    writeFileSync(broken, content);
    const started = startTestApp({ MCP_SERVERS_FILE: broken });
    await expect(started).rejects.toThrow(message);
  });
});
