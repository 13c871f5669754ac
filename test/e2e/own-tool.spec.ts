import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { modern, openLegacy } from '../support/mcp-client.js';
import { buildOnce, environment, PROJECT } from '../support/server-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

jest.setTimeout(60_000);

/** The file that docs/guides/add-a-tool.md tells its reader to write. */
const PAGE = readFileSync(path.join(PROJECT, 'docs/guides/add-a-tool.md'), 'utf8');
const GUIDE_TOOL = /```js file=extensions\/parcel_price\.tool\.mjs\n(.*?)```/s.exec(PAGE)?.[1] ?? '';

let server: TestApp;
let token: string;
let folder: string;
let extensions: string;
let before: string;
const gitStatus = () => execFileSync('git', ['status', '--porcelain'], { cwd: PROJECT, encoding: 'utf8' });

beforeAll(async () => {
  buildOnce();
  before = gitStatus();
  folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-own-'));
  extensions = path.join(folder, 'extensions');
  mkdirSync(extensions);
  server = await startTestApp({ EXTENSIONS_DIR: extensions });
  token = await server.login();
}, 120_000);
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const write = (file: string, text: string) => writeFileSync(path.join(extensions, file), text);
const reload = () => cli('--json', 'tools', 'reload');

function cli(...args: string[]) {
  return run([path.join(PROJECT, 'bin/mcp-server'), ...args]);
}

/** Not spawnSync: the server that answers lives in this process. */
async function run(command: readonly string[], cwd = folder) {
  const child = spawn(process.execPath, [...command], {
    cwd,
    env: environment({
      MCP_SERVER_URL: server.url,
      MCP_SERVER_TOKEN: token,
      XDG_CONFIG_HOME: folder,
      EXTENSIONS_DIR: extensions,
    }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end();
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

const call = async (name: string, args: unknown) =>
  (await server.call('POST', `/api/v1/tools/${name}/call`, { token, body: { arguments: args } })).body;

describe("the guide's own tool", () => {
  it('has 15 lines', () => {
    expect(GUIDE_TOOL.trim().split('\n').length).toBeLessThanOrEqual(15);
  });

  it('is there on every door after `tools reload`', async () => {
    expect((await server.call('GET', '/api/v1/tools/parcel_price', { token })).status).toBe(404);
    const legacy = await openLegacy(server, token);
    write('parcel_price.tool.mjs', GUIDE_TOOL);
    const loaded = await reload();
    expect(JSON.parse(loaded.stdout)).toMatchObject({ problems: [] });

    expect(await call('parcel_price', { kg: 3 })).toMatchObject({
      isError: false,
      structuredContent: { euro: 9.49 },
    });
    const params = { name: 'parcel_price', arguments: { kg: 3 } };
    const names = (answer: { body: { result: { tools: { name: string }[] } } }) =>
      answer.body.result.tools.map(({ name }) => name);
    expect(names(await legacy.call('tools/list'))).toContain('parcel_price');
    expect((await legacy.call('tools/call', params)).body.result.structuredContent).toEqual({ euro: 9.49 });
    expect(names(await modern(server, token, 'tools/list'))).toContain('parcel_price');
    expect((await modern(server, token, 'tools/call', params)).body.result.structuredContent).toEqual({
      euro: 9.49,
    });
    expect((await cli('tools', 'list')).stdout).toContain('parcel_price');
    expect((await cli('tools', 'call', 'parcel_price', '--arg', 'kg=1')).stdout).toBe('{"euro":4.99}\n');
  });

  it('is chosen by the planner among all tools', async () => {
    const body = {
      name: 'clerk',
      title: 'Clerk',
      description: 'Knows everything.',
      instructions: 'Use your tools.',
      tools: ['*'],
    };
    expect((await server.call('POST', '/api/v1/agents', { token, body })).status).toBe(201);
    const input = 'What is the postage of a parcel with a weight of 3 kilograms?';
    const started = await server.call('POST', '/api/v1/runs', { token, body: { agent: 'clerk', input } });
    const done = await server.call('GET', `/api/v1/runs/${started.body.id}/wait?timeoutMs=30000`, { token });
    expect(done.body).toMatchObject({
      status: 'completed',
      output: { text: expect.stringContaining('9.49') },
    });
    const calls = await server.call('GET', '/api/v1/tool-calls?tool=parcel_price', { token });
    expect(calls.body.items[0]).toMatchObject({ agent: 'clerk', status: 'completed' });
  });
});

describe('a broken tool', () => {
  const broken = (name: string, rest: string) =>
    write(
      `${name}.tool.mjs`,
      `export default { name: '${name}', description: 'Breaks.', input: { type: 'object' }, ${rest} };\n`,
    );

  it('gives a clear error of its own in each of four ways, and hurts no other tool', async () => {
    write('syntax.tool.mjs', 'export default { name: "syntax", \n');
    broken('thrower', `run() { throw new Error('the password is hunter2'); }`);
    broken('sleeper', `policy: { timeoutMs: 200 }, run: () => new Promise(() => {})`);
    broken('liar', `output: { type: 'object', required: ['euro'] }, run: () => ({ dollar: 1 })`);
    const { problems } = JSON.parse((await reload()).stdout);
    expect(problems).toEqual([
      { file: 'syntax.tool.mjs', message: expect.stringMatching(/^syntax error: /) },
    ]);

    const thrown = await call('thrower', {});
    expect(thrown).toMatchObject({ isError: true, errorCode: 'tool_failed' });
    expect(JSON.stringify(thrown)).not.toContain('hunter2');
    const slept = await call('sleeper', {});
    expect(slept).toMatchObject({ isError: true, errorCode: 'tool_timeout' });
    expect(slept.content[0].text).toContain('did not finish within 200 ms');
    const lied = await call('liar', {});
    expect(lied).toMatchObject({ isError: true, errorCode: 'invalid_tool_output' });
    expect(lied.content[0].text).toContain('euro is required');

    expect(await call('parcel_price', { kg: 11 })).toMatchObject({ structuredContent: { euro: 18.99 } });
    expect(await call('calculator', { expression: '1+1' })).toMatchObject({ isError: false });
  });
});

describe('bin/mcp-server new', () => {
  it('writes a tool and an agent that work, each with a test for node --test', async () => {
    expect(await cli('new', 'tool', 'word_count')).toMatchObject({ code: 0 });
    expect(await cli('new', 'agent', 'counter')).toMatchObject({ code: 0 });
    const tests = ['word_count.tool.test.mjs', 'counter.agent.test.mjs'];
    const tested = spawnSync(process.execPath, ['--test', ...tests], { cwd: extensions, encoding: 'utf8' });
    expect(tested.stdout).toMatch(/pass 2\n/);
    expect(tested.status).toBe(0);
    await reload();
    expect(await call('word_count', { text: 'one two' })).toMatchObject({ structuredContent: { words: 2 } });
    expect(JSON.parse((await cli('--json', 'agents', 'reload')).stdout)).toMatchObject({
      loaded: ['counter'],
      problems: [],
    });
  });

  it('never overwrites, follows no link, and takes no name that leads out of the folder', async () => {
    write('mine.tool.mjs', 'precious');
    symlinkSync(path.join(folder, 'elsewhere.mjs'), path.join(extensions, 'linked.tool.mjs'));
    for (const name of ['mine', 'linked']) {
      const refused = await cli('new', 'tool', name);
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('is there already') });
    }
    expect(readFileSync(path.join(extensions, 'mine.tool.mjs'), 'utf8')).toBe('precious');
    for (const name of ['../evil', 'a/b', 'a b', '', "x'", 'x'.repeat(65)])
      expect((await cli('new', 'tool', name)).code).toBe(64);
    expect((await cli('new', 'agent', 'Upper')).code).toBe(64);
  });
});

it('Git sees nothing of it', () => {
  expect(gitStatus()).toBe(before);
});
