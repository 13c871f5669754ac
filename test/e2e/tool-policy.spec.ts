import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sampleOf } from '../../src/tools/simulate/sample.js';
import { ToolResults } from '../../src/tools/tool-results/tool-results.service.js';
import { addMember } from '../support/accounts.js';
import { modern, openLegacy } from '../support/mcp-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** What the tools of this file call: counts requests, answers as a test says. */
class Upstream {
  hits = 0;
  answer: RequestListener = (_request, response) => response.end('fine');
  private constructor(readonly server: Server) {}

  static async start(): Promise<Upstream> {
    const upstream: Upstream = new Upstream(
      createServer((request, response) => {
        upstream.hits += 1;
        upstream.answer(request, response);
      }),
    );
    await new Promise<void>((resolve) => upstream.server.listen(0, '127.0.0.1', resolve));
    return upstream;
  }

  get host(): string {
    return `127.0.0.1:${(upstream.server.address() as AddressInfo).port}`;
  }
}

let upstream: Upstream;
let server: TestApp;
let admin: string;
let member: string;
const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-policy-'));

beforeAll(async () => {
  upstream = await Upstream.start();
  writeTools();
  server = await startTestApp({ EXTENSIONS_DIR: folder, EGRESS_ALLOW: upstream.host });
  admin = await server.login();
  member = (await addMember(server)).token;
});
afterAll(async () => {
  await server?.stop();
  upstream?.server.close();
  upstream?.server.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  upstream.hits = 0;
  upstream.answer = (_request, response) => response.end('fine');
});

function writeTools(): void {
  mkdirSync(folder, { recursive: true });
  const url = `http://${upstream.host}/`;
  const input = `{ type: 'object', properties: { n: { type: 'integer', default: 7 } }, additionalProperties: false }`;
  const rows = `(count) => Array.from({ length: count }, (_, id) => ({ id, text: 'row <b>' + id + '</b>' }))`;
  const rowsSchema = (more: string) =>
    `{ type: 'object', properties: { total: { type: 'integer' }, rows: { type: 'array', ${more} items: { type: 'object',
       properties: { id: { type: 'integer' }, text: { type: 'string' } }, required: ['id', 'text'] } } }, required: ['total', 'rows'] }`;
  const tools: Record<string, string> = {
    remote_read: `annotations: { readOnlyHint: true }, policy: { retries: 2 },
      run: async (_, { fetch }) => (await fetch('${url}')).text()`,
    remote_write: `run: async (_, { fetch }) => (await fetch('${url}', { method: 'POST' })).text(), policy: { retries: 2 }`,
    remote_down: `annotations: { readOnlyHint: true }, run: async (_, { fetch }) => (await fetch('${url}')).text()`,
    complains: `run: () => ({ isError: true, content: [{ type: 'text', text: 'no' }] })`,
    hangs: `policy: { timeoutMs: 60000, concurrency: 2 }, run: () => new Promise(() => {})`,
    throws: `run: () => { throw new Error('select * from secrets') }`,
    huge: `run: () => (${rows})(20000)`,
    lines: `policy: { maxResultBytes: 1024 }, run: () => Array.from({ length: 300 }, (_, n) => 'line ' + n).join('\\n')`,
    rows: `policy: { maxResultBytes: 2048 }, output: ${rowsSchema('')}, run: () => ({ total: 500, rows: (${rows})(500) })`,
    exact_rows: `policy: { maxResultBytes: 2048 }, output: ${rowsSchema('minItems: 500,')},
      run: () => ({ total: 500, rows: (${rows})(500) })`,
    stamp: `annotations: { readOnlyHint: true }, policy: { cacheTtlMs: 60000 },
      run: ({ n }, { actor }) => ({ n, user: actor.userId, at: Math.random() })`,
    stamp_fails: `annotations: { readOnlyHint: true }, policy: { cacheTtlMs: 60000 },
      run: () => ({ isError: true, content: [{ type: 'text', text: String(Math.random()) }] })`,
    stamp_writes: `annotations: { idempotentHint: true }, policy: { cacheTtlMs: 60000 }, run: () => ({ at: Math.random() })`,
    verbatim: `annotations: { readOnlyHint: true }, output: { type: 'object', properties: { html: { type: 'string' } }, required: ['html'] },
      run: ({ n }) => n === 1 ? { html: 1 } : { html: '<script>alert(1)</script> ![x](${url}canary?q=secret)' }`,
    erase: `annotations: { destructiveHint: true }, run: async (_, { fetch }) => (await fetch('${url}')).text()`,
  };
  for (const [name, body] of Object.entries(tools))
    writeFileSync(
      path.join(folder, `${name}.tool.mjs`),
      `export default { name: '${name}', description: 'Does ${name}', input: ${input}, ${body} };\n`,
    );
}

async function call(name: string, options: { token?: string; args?: object; dryRun?: boolean } = {}) {
  const { token = admin, args = {}, dryRun } = options;
  return server.call('POST', `/api/v1/tools/${name}/call`, {
    token,
    body: { arguments: args, ...(dryRun !== undefined && { dryRun }) },
  });
}

const patch = (name: string, policy: object) =>
  server.call('PATCH', `/api/v1/tools/${name}`, { token: admin, body: { policy } });

const modes = async (tool: string) =>
  (await server.sql<{ mode: string }>('select mode from tool_calls where tool = $1 order by id', [tool])).map(
    ({ mode }) => mode,
  );

describe('retry', () => {
  it('tries a read-only tool again after a failure of the transport, another one never', async () => {
    upstream.answer = (request, response) =>
      upstream.hits < 3 ? request.socket.destroy() : response.end('at last');
    expect((await call('remote_read')).body.content[0].text).toBe('at last');
    expect(upstream.hits).toBe(3);
    upstream.hits = 0;
    expect((await call('remote_write')).body).toMatchObject({ isError: true, errorCode: 'egress_failed' });
    expect(upstream.hits).toBe(1);
  });

  it('does not try an answer again, however bad', async () => {
    upstream.answer = (_request, response) => response.writeHead(500).end('broken');
    expect((await call('remote_read')).body.content[0].text).toBe('broken');
    expect(upstream.hits).toBe(1);
  });
});

describe('the breaker', () => {
  it('[R36] opens after five failures of the transport: refused at once, with Retry-After, at every door', async () => {
    upstream.answer = (request) => request.socket.destroy();
    for (let tries = 0; tries < 5; tries += 1)
      expect((await call('remote_down')).body.errorCode).toBe('egress_failed');
    const refused = await call('remote_down');
    expect([refused.status, refused.body.code]).toEqual([503, 'tool_circuit_open']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const overMcp = await modern(server, admin, 'tools/call', { name: 'remote_down', arguments: {} });
    expect(overMcp.body.result).toMatchObject({ isError: true });
    await Promise.all(Array.from({ length: 200 }, () => call('remote_down')));
    expect(upstream.hits).toBe(5);
    expect((await call('remote_down', { dryRun: true })).body.plan.circuit).toBe('open');
  });

  it('stays closed for a tool that answers with errors, and for wrong arguments', async () => {
    for (let tries = 0; tries < 12; tries += 1) {
      expect((await call('complains')).body).toMatchObject({ isError: true, errorCode: 'tool_failed' });
      expect((await call('throws')).body.errorCode).toBe('tool_failed');
      expect((await call('complains', { args: { n: 'x' } })).body.code).toBe('invalid_tool_arguments');
    }
  });
});

describe('the cache', () => {
  const at = async (name: string, options: Parameters<typeof call>[1] = {}) =>
    (await call(name, options)).body.structuredContent?.at;

  it('[S73] gives a result again to who made the call, never to another, unless it is public', async () => {
    const first = await at('stamp');
    const again = await call('stamp');
    expect(again.body).toMatchObject({ cached: true, structuredContent: { at: first } });
    expect(await modes('stamp')).toEqual(['live', 'cached']);
    expect(await at('stamp', { args: { n: 7 } })).toBe(first);
    expect(await at('stamp', { args: { n: 8 } })).not.toBe(first);
    const other = (await call('stamp', { token: member })).body;
    expect(other.cached).toBeUndefined();
    expect(other.structuredContent.at).not.toBe(first);
    await patch('stamp', { cacheScope: 'public' });
    const shared = await at('stamp');
    expect(await at('stamp', { token: member })).toBe(shared);
    await patch('stamp', { cacheTtlMs: 0 });
    expect(await at('stamp')).not.toBe(shared);
  });

  it('keeps no error, and nothing of a tool that may change something', async () => {
    const text = async () => (await call('stamp_fails')).body.content[0].text;
    expect(await text()).not.toBe(await text());
    expect(await at('stamp_writes')).not.toBe(await at('stamp_writes'));
  });
});

describe('the result governor', () => {
  it('ends a text at a line and keeps the whole for its owner: by REST, as a resource, by tool', async () => {
    const { content } = (await call('lines')).body;
    expect(content[0].text).toMatch(/^line 0\n(.*\n)*line \d+$/);
    expect(Buffer.byteLength(content[0].text)).toBeLessThanOrEqual(1024);
    const link = content[2];
    expect(link).toMatchObject({ type: 'resource_link', mimeType: 'text/plain' });
    const id = link.uri.slice('tool-result://'.length);
    expect(content[1].text).toContain(`GET /api/v1/tool-results/${id}`);
    const whole = Array.from({ length: 300 }, (_, n) => `line ${n}`).join('\n');
    const page = await server.call('GET', `/api/v1/tool-results/${id}?offset=5&limit=10`, { token: admin });
    expect(page.body).toMatchObject({
      ...{ text: whole.slice(5, 15), offset: 5, nextOffset: 15, totalCharacters: whole.length },
      ...{ tool: 'lines', truncated: false },
    });
    const read = await modern(server, admin, 'resources/read', { uri: link.uri });
    expect(read.body.result.contents[0].text).toBe(whole);
    const session = await openLegacy(server, admin);
    const legacy = await session.call('resources/read', { uri: link.uri });
    expect(legacy.body.result.contents[0].text).toBe(whole);
    const byTool = await call('read_result', { args: { id: link.uri, offset: 6, limit: 4 } });
    expect(byTool.body.structuredContent).toMatchObject({ text: whole.slice(6, 10), nextOffset: 10 });

    const foreign = await server.call('GET', `/api/v1/tool-results/${id}`, { token: member });
    expect([foreign.status, foreign.body.code]).toEqual([404, 'tool_result_not_found']);
    const foreignRead = await modern(server, member, 'resources/read', { uri: link.uri });
    expect(foreignRead.body.error.message).toContain('not found');
    expect((await call('read_result', { token: member, args: { id: link.uri } })).body.errorCode).toBe(
      'tool_result_not_found',
    );
    await server.sql(`update tool_results set expires_at = now() where id = $1`, [id]);
    expect((await server.call('GET', `/api/v1/tool-results/${id}`, { token: admin })).status).toBe(404);
    await server.app.get(ToolResults, { strict: false }).sweep();
    expect(await server.sql('select 1 from tool_results where id = $1', [id])).toEqual([]);
  });

  it('cuts JSON by its elements: it stays valid, and valid against the output schema', async () => {
    const { body } = await call('rows');
    expect(body.isError).toBe(false);
    expect(body.structuredContent.total).toBe(500);
    expect(body.structuredContent.rows.length).toBeGreaterThan(10);
    expect(body.structuredContent.rows[3]).toEqual({ id: 3, text: 'row <b>3</b>' });
    expect(JSON.parse(body.content[0].text)).toMatchObject({ total: 500 });
    expect(JSON.stringify(body.structuredContent).length).toBeLessThanOrEqual(2048);
  });

  it('is an error that names the whole where no shorter value fits the output schema', async () => {
    const { body } = await call('exact_rows');
    expect(body).toMatchObject({ isError: true, errorCode: 'tool_result_too_large' });
    const link = body.content.find((block: { type: string }) => block.type === 'resource_link');
    const read = await modern(server, admin, 'resources/read', { uri: link.uri });
    expect(JSON.parse(read.body.result.contents[0].text).rows).toHaveLength(500);
  });

  it('[S69] hands output on verbatim, fetches nothing of it, and checks it against the schema', async () => {
    const { body } = await call('verbatim');
    const html = `<script>alert(1)</script> ![x](http://${upstream.host}/canary?q=secret)`;
    expect(body.structuredContent).toEqual({ html });
    expect(JSON.parse(body.content[0].text)).toEqual({ html });
    await patch('verbatim', { maxResultBytes: 1024 });
    expect((await call('verbatim', { args: { n: 1 } })).body.errorCode).toBe('invalid_tool_output');
    const overMcp = await modern(server, admin, 'tools/call', { name: 'verbatim', arguments: {} });
    expect(overMcp.body.result.structuredContent).toEqual({ html });
    expect(upstream.hits).toBe(0);
  });
});

describe('one bad tool', () => {
  it('never hurts the others: hanging, failing and huge ones run while healthy ones answer', async () => {
    const ended: string[] = [];
    const gone = new AbortController();
    const hanging = Array.from({ length: 12 }, () =>
      fetch(`${server.url}/api/v1/tools/hangs/call`, {
        method: 'POST',
        signal: gone.signal,
        headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
        body: '{}',
      }).then(
        async (response) => ended.push(`${response.status} ${(await response.text()).slice(0, 80)}`),
        () => ended.push('cancelled'),
      ),
    );
    const bad = Array.from({ length: 6 }, () => Promise.all([call('throws'), call('huge')]));
    const healthy = await Promise.all(
      Array.from({ length: 40 }, (_, n) => call('stamp', { args: { n }, token: n % 2 ? admin : member })),
    );
    expect(healthy.map(({ body }) => body.isError)).toEqual(Array(40).fill(false));
    for (const [thrown, huge] of await Promise.all(bad)) {
      expect(thrown?.body).toMatchObject({ errorCode: 'tool_failed' });
      expect(JSON.stringify(thrown?.body)).not.toContain('secrets');
      expect(JSON.parse(huge?.body.content[0].text).length).toBeGreaterThan(100);
    }
    // Two hang, eight wait, two were told at once that the tool is busy; nobody else noticed.
    expect(ended.map((text) => text.slice(0, 3))).toEqual(['503', '503']);
    gone.abort();
    await Promise.all(hanging);
    expect(ended.slice(2)).toEqual(Array(10).fill('cancelled'));
  });
});

describe('a dry run', () => {
  it('says what would happen, does nothing, and is recorded as such', async () => {
    const { body } = await call('erase', { dryRun: true });
    expect(body).toMatchObject({
      isError: false,
      plan: {
        version: 1,
        arguments: { n: 7 },
        approvalNeeded: true,
        cached: false,
        retries: 0,
        circuit: 'closed',
      },
    });
    expect(body.plan.policy.timeoutMs).toBe(30_000);
    expect((await call('remote_read', { dryRun: true })).body.plan.retries).toBe(2);
    expect(upstream.hits).toBe(0);
    expect(await modes('erase')).toEqual(['dry_run']);
    expect((await call('erase', { dryRun: true, args: { n: 'x' } })).body.code).toBe(
      'invalid_tool_arguments',
    );
    expect((await call('erase', { dryRun: true, token: member })).body.code).toBe('tool_not_found');
  });
});

describe('a simulation', () => {
  const simulate = (name: string, args: object, token = admin) =>
    server.call('POST', `/api/v1/tools/${name}/simulate`, { token, body: { arguments: args } });

  it('answers from the output schema, every time the same, without the tool', async () => {
    const first = await simulate('rows', {});
    expect(first.body).toMatchObject({ simulated: true, isError: false });
    expect(first.body.structuredContent).toEqual({ total: 1, rows: [{ id: 1, text: 'sample' }] });
    expect((await simulate('rows', {})).body.structuredContent).toEqual(first.body.structuredContent);
    expect((await simulate('remote_write', {})).body.content[0].text).toContain('[simulated]');
    expect(upstream.hits).toBe(0);
    expect((await modes('rows')).slice(-2)).toEqual(['simulated', 'simulated']);
    expect((await simulate('erase', {}, member)).status).toBe(404);
    expect((await simulate('rows', { n: 'x' })).status).toBe(400);
  });

  it('works for every built-in tool', async () => {
    /** What its input schema alone does not tell. */
    const args: Record<string, object> = {
      read_result: { id: 'tool-result://00000000-0000-7000-8000-000000000000' },
    };
    const requiredOnly = ({
      properties = {},
      required = [],
    }: {
      properties?: object;
      required?: string[];
    }) => ({
      type: 'object',
      properties: Object.fromEntries(Object.entries(properties).filter(([name]) => required.includes(name))),
    });
    const { items } = (
      await server.call('GET', '/api/v1/tools?limit=100&kind=builtin&enabled=true', { token: admin })
    ).body;
    const own = items.filter(({ source }: { source: { type: string } }) => source.type === 'code');
    expect(own.length).toBeGreaterThan(10);
    for (const { name, inputSchema } of own) {
      const given = { ...(sampleOf(requiredOnly(inputSchema), {}) as object), ...args[name] };
      expect([name, (await simulate(name, given)).body]).toMatchObject([name, { simulated: true }]);
    }
  });
});
