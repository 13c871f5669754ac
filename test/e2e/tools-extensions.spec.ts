import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/server-process.js';
import { makeDatabase, startTestApp, type TestApp } from '../support/test-app.js';

let folder: string;
let server: TestApp;
let second: TestApp;
let token: string;

const write = (name: string, text: string) => writeFileSync(path.join(folder, `${name}.tool.mjs`), text);
const call = async (name: string, args: unknown = {}, on = server) =>
  (await on.call('POST', `/api/v1/tools/${name}/call`, { token, body: { arguments: args } })).body;
const reload = async () => (await server.call('POST', '/api/v1/tools/reload', { token })).body;
const tool = (name: string, run: string, more = '') => `export default {
  name: '${name}', description: 'A tool of a test.',
  input: { type: 'object', properties: { n: { type: 'number', pattern: '^x' } }, additionalProperties: false },
  ${more} run: ${run},
};`;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-ext-'));
  write('double', tool('double', '({ n }) => ({ twice: n * 2 })'));
  const ENCRYPTION_KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`;
  const overrides = { DATABASE_URL: await makeDatabase(), EXTENSIONS_DIR: folder, ENCRYPTION_KEYS };
  server = await startTestApp(overrides);
  second = await startTestApp(overrides);
  token = await server.login();
});
afterAll(async () => {
  await second?.stop();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('extensions', () => {
  it('are loaded at start and run like any tool', async () => {
    expect(await call('double', { n: 21 })).toMatchObject({
      isError: false,
      structuredContent: { twice: 42 },
    });
    const shown = (await server.call('GET', '/api/v1/tools/double', { token })).body;
    expect(shown).toMatchObject({
      kind: 'builtin',
      source: { type: 'extension', file: 'double.tool.mjs' },
      version: 1,
    });
  });

  it('that are broken are named with the fix, and do not hurt the others', async () => {
    write('syntax', 'export default {{{');
    write('empty', 'export const x = 1;');
    write('missing', `export default { name: 'missing', input: { type: 'object' } };`);
    write('clash', tool('calculator', '() => 1'));
    write('schema', tool('schema', '() => 1').replace(`'number'`, `'nonsense'`));
    const { problems } = await reload();
    const messages = Object.fromEntries(
      problems.map((problem: { file: string; message: string }) => [problem.file, problem.message]),
    );
    expect(Object.keys(messages).sort()).toEqual(
      ['clash', 'empty', 'missing', 'schema', 'syntax'].map((name) => `${name}.tool.mjs`),
    );
    expect(messages['empty.tool.mjs']).toContain('default export');
    expect(messages['missing.tool.mjs']).toMatch(/description.*run must be a function/);
    expect(messages['clash.tool.mjs']).toContain('"calculator" belongs to a built-in tool');
    expect(await call('double', { n: 1 })).toMatchObject({ structuredContent: { twice: 2 } });
    for (const name of ['syntax', 'empty', 'missing', 'clash', 'schema'])
      rmSync(path.join(folder, `${name}.tool.mjs`));
  });

  it('that throw, never settle, or break their own schema end as four clear errors', async () => {
    const output = `output: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] },`;
    write('throws', tool('throws', `() => { throw new Error('secret ' + import.meta.url); }`));
    write('hangs', tool('hangs', '() => new Promise(() => {})', 'policy: { timeoutMs: 300 },'));
    write('wrong', tool('wrong', `() => ({ ok: 'yes' })`, output));
    write('circular', tool('circular', '() => { const a = {}; a.a = a; return a; }'));
    expect((await reload()).problems).toEqual([]);
    const thrown = await call('throws');
    expect(thrown).toMatchObject({ isError: true, errorCode: 'tool_failed' });
    expect(thrown.content[0].text).toBe(`The tool failed (ref ${thrown.callId})`);
    const hung = await call('hangs');
    expect(hung).toMatchObject({ isError: true, errorCode: 'tool_timeout' });
    const wrong = await call('wrong');
    expect(wrong).toMatchObject({ isError: true, errorCode: 'invalid_tool_output' });
    expect(wrong.content[0].text).toContain('ok must be boolean');
    expect(await call('circular')).toMatchObject({ isError: true, errorCode: 'invalid_tool_output' });
    const rows = await server.sql('select tool, status, error_code from tool_calls where id = any($1)', [
      [thrown.callId, hung.callId, wrong.callId],
    ]);
    expect(rows).toHaveLength(3);
    expect(await call('double', { n: 2 })).toMatchObject({ structuredContent: { twice: 4 } });
  });

  it('that change are a new version; that go become unavailable; the second instance follows', async () => {
    // Jest keeps the text of a file that it imported once (Node does not): the new text gets a new file.
    rmSync(path.join(folder, 'double.tool.mjs'));
    write('double-again', tool('double', '({ n }) => ({ twice: n * 2, changed: true })', `title: 'Twice',`));
    write('fresh', tool('fresh', '() => "hello"'));
    await reload();
    expect(await call('double', { n: 1 })).toMatchObject({ structuredContent: { changed: true } });
    const versions = (await server.call('GET', '/api/v1/tools/double/versions', { token })).body.items;
    expect(versions.map((item: { version: number }) => item.version)).toEqual([2, 1]);
    await expect(server.sql(`update tool_versions set hash = 'x'`)).rejects.toThrow('never changes');
    await until(
      'the other instance has it',
      async () => (await call('fresh', {}, second)).isError === false,
      8_000,
    );
    rmSync(path.join(folder, 'fresh.tool.mjs'));
    await reload();
    expect((await call('fresh')).code).toBe('tool_unavailable');
    await until(
      'it is gone there',
      async () => (await call('fresh', {}, second)).code === 'tool_unavailable',
      8_000,
    );
  });
});

describe('an admin', () => {
  const patch = (body: unknown, name = 'double') =>
    server.call('PATCH', `/api/v1/tools/${name}`, { token, body });

  it('disables a tool: at once here, within seconds on the other instance', async () => {
    expect((await patch({ enabled: false })).body.enabled).toBe(false);
    expect((await call('double', { n: 1 })).code).toBe('tool_disabled');
    await until(
      'it is disabled there',
      async () => (await call('double', { n: 1 }, second)).code === 'tool_disabled',
      8_000,
    );
    await patch({ enabled: true });
    expect((await call('double', { n: 1 })).isError).toBe(false);
  });

  it('limits calls and results, and cannot change what code owns', async () => {
    expect((await patch({ title: 'X' })).body.code).toBe('tool_definition_read_only');
    await patch({ policy: { rateLimit: 1 } });
    await call('double', { n: 1 });
    const limited = await server.call('POST', '/api/v1/tools/double/call', {
      token,
      body: { arguments: { n: 1 } },
    });
    expect([limited.status, limited.body.code]).toEqual([429, 'tool_rate_limited']);
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
    await patch({ policy: { rateLimit: null } });
    write('long', tool('long', `() => 'é'.repeat(5000)`, 'policy: { maxResultBytes: 1025 },'));
    await reload();
    const long = await call('long');
    expect(long.content[0].text).toBe('é'.repeat(512));
    expect(long.content[1].text).toContain('[truncated: the result has 10000 bytes, 1025 are shown.');
  });
});
