import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addMember } from '../support/accounts.js';
import { longestDelay } from '../support/event-loop.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { addEchoSource } from '../support/tool-source.js';

let server: TestApp;
let admin: string;
let member: string;
beforeAll(async () => {
  server = await startTestApp();
  admin = await server.login();
  member = (await addMember(server)).token;
  await addEchoSource(server, 'http');
});
afterAll(() => server?.stop());

const send = (method: string, path: string, body?: unknown, token = admin, headers = {}) =>
  server.call(method, `/api/v1/tools${path}`, { token, body, headers });
const call = async (name: string, token = member) =>
  (await send('POST', `/${name}/call`, { arguments: { text: 'x' } }, token)).body;
const order = (name: string, more: object = {}) => ({
  name,
  kind: 'http',
  description: 'Reads an order.',
  inputSchema: { type: 'object', properties: { text: { type: 'string', description: 'The text.' } } },
  source: { to: 'https://a.example' },
  ...more,
});

describe('a tool made by hand', () => {
  it('is made with the defaults of its kind, called, and deleted', async () => {
    const made = await send('POST', '', order('first_order', { annotations: { readOnlyHint: true } }));
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      title: 'first_order',
      version: 1,
      state: 'active',
      enabled: true,
      policy: { timeoutMs: 30_000, retries: 2, approval: 'destructive' },
      access: { roles: [], users: [], agents: [] },
      warnings: [],
    });
    expect((await send('GET', '/first_order')).body).toEqual(made.body);
    expect((await call('first_order')).structuredContent).toMatchObject({ version: 1, args: { text: 'x' } });
    expect((await send('DELETE', '/first_order', undefined, member)).status).toBe(403);
    expect((await send('DELETE', '/first_order')).status).toBe(204);
    expect((await call('first_order')).code).toBe('tool_not_found');
    expect((await send('DELETE', '/first_order')).status).toBe(404);
    const audit = await server.sql(
      "select action from audit_log where target_id = 'first_order' order by sequence",
    );
    expect(audit.map(({ action }) => action)).toEqual(['tool.created', 'tool.deleted']);
  });

  it('is made once for one Idempotency-Key, and never in place of another', async () => {
    const key = { 'idempotency-key': 'make-order' };
    const first = await send('POST', '', order('one_order'), admin, key);
    const again = await send('POST', '', order('one_order'), admin, key);
    expect([first.status, again.status, again.headers.get('idempotency-replayed')]).toEqual([
      201,
      201,
      'true',
    ]);
    expect(again.body).toEqual(first.body);
    expect((await send('POST', '', order('one_order'))).body).toMatchObject({
      status: 409,
      code: 'tool_exists',
    });
    expect((await send('POST', '', order('calculator'))).body.code).toBe('tool_exists');
    expect((await send('POST', '', order('mine'), member)).status).toBe(403);
  });

  it('changes by new versions, and goes back with its source', async () => {
    await send('POST', '', order('versions'));
    const second = await send('PATCH', '/versions', { source: { to: 'https://b.example' } });
    expect(second.body).toMatchObject({ version: 2, source: { to: 'https://b.example' } });
    const third = await send('PATCH', '/versions', { description: 'Another text.', enabled: true });
    expect(third.body).toMatchObject({ version: 3, source: { to: 'https://b.example' } });
    expect((await send('PATCH', '/versions', { description: 'Another text.' })).body.version).toBe(3);
    expect((await send('PATCH', '/versions', { policy: { timeoutMs: 1_000 } })).body.version).toBe(3);

    const diff = await send('GET', '/versions/versions/3/diff?against=1');
    expect(diff.body.changes).toEqual([
      {
        op: 'replace',
        path: '/description',
        from: 'Reads an order.',
        to: 'Another text.',
        risk: 'text_changed',
      },
      {
        op: 'replace',
        path: '/source/to',
        from: 'https://a.example',
        to: 'https://b.example',
        risk: 'source_changed',
      },
    ]);
    const back = await send('POST', '/versions/rollback', { version: 1 });
    expect(back.body).toMatchObject({
      version: 1,
      source: { to: 'https://a.example' },
      policy: { timeoutMs: 1_000 },
    });
    expect((await call('versions')).structuredContent).toMatchObject({
      version: 1,
      source: { to: 'https://a.example' },
    });
    expect((await send('POST', '/versions/rollback', { version: 7 })).body.code).toBe(
      'tool_version_not_found',
    );
    expect((await send('GET', '/versions/versions')).body.items).toHaveLength(3);
    await expect(server.sql("update tool_versions set hash = 'x' where tool = 'versions'")).rejects.toThrow(
      'never changes',
    );
  });

  it('keeps both of two changes at once, or tells one to look again', async () => {
    await send('POST', '', order('twins'));
    const [first, second] = await Promise.all([
      send('PATCH', '/twins', { title: 'New title' }),
      send('PATCH', '/twins', { description: 'New text.' }),
    ]);
    const codes = [first, second].map(({ status, body }) => (status === 200 ? 200 : body.code));
    const { body } = await send('GET', '/twins');
    const kept = [body.title === 'New title', body.description === 'New text.'];
    expect(codes.map((code) => code === 200)).toEqual(kept);
    for (const code of codes) expect([200, 'tool_changed_meanwhile']).toContain(code);
  });

  it('is refused when its source, its kind or its definition cannot be', async () => {
    const refused = async (body: object) => {
      const answer = await send('POST', '', body);
      return [answer.status, answer.body.code];
    };
    expect(await refused(order('x', { source: { to: 7 } }))).toEqual([422, 'invalid_tool_source']);
    expect(await refused(order('x', { kind: 'builtin' }))).toEqual([422, 'tool_kind_not_made_by_hand']);
    expect(await refused(order('x', { inputSchema: { type: 'string' } }))).toEqual([
      422,
      'invalid_tool_schema',
    ]);
    expect(await refused(order('x', { description: 'x'.repeat(2_049) }))).toEqual([
      422,
      'invalid_tool_schema',
    ]);
    expect(await refused(order('export'))).toEqual([422, 'invalid_tool_schema']);
    expect(await refused(order('sеcond'))).toEqual([400, 'invalid_request']);
    expect((await send('GET', '/x')).status).toBe(404);
  });

  it.each(['\u202e', '\u200b', '\u{e0041}', '\u001b[31m', '\ufeff'])(
    'holds no hidden text: %j [S64]',
    async (character) => {
      const text = `Fine${character} text`;
      const codePoint = `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
      const schema = { type: 'object', properties: { city: { enum: [text] } } };
      for (const [field, body] of Object.entries({
        title: { title: text },
        description: { description: text },
        'inputSchema/properties/city/enum/0': { inputSchema: schema },
      })) {
        const answer = await send('POST', '', order('hidden', body));
        expect([answer.status, answer.body.code]).toEqual([422, 'suspicious_text']);
        expect(answer.body.errors).toEqual([{ field, message: `holds the hidden character ${codePoint}` }]);
      }
    },
  );

  it('is refused when its schema is a bomb, and others are answered meanwhile [S35] [S34]', async () => {
    const tree = (depth: number): object =>
      depth === 0 ? { type: 'integer' } : { anyOf: [tree(depth - 1), tree(depth - 1)] };
    const schemas = [tree(8), { type: 'string', pattern: '(a)\\1' }, { $ref: 'http://127.0.0.1:9/schema' }];
    const held = await longestDelay(async () => {
      for (const city of schemas) {
        const [bomb, other] = await Promise.all([
          send('POST', '', order('bomb', { inputSchema: { type: 'object', properties: { city } } })),
          send('GET', '/calculator'),
        ]);
        expect([bomb.status, bomb.body.code, other.status]).toEqual([422, 'invalid_tool_schema', 200]);
      }
    });
    expect(held).toBeLessThan(100);
  });

  it('says what MCP clients would drop', async () => {
    const inputSchema = {
      type: 'object',
      properties: { 'größe!': { type: 'string' }, city: { type: 'string', description: 'The city.' } },
      anyOf: [{ required: ['city'] }],
    };
    const { body } = await send('POST', '', order('odd_one', { inputSchema }));
    expect(body.warnings).toEqual([
      expect.stringContaining('"anyOf" at its root'),
      expect.stringContaining('names a property'),
      expect.stringContaining('has no description'),
    ]);
  });
});

describe('a tool that is not made by hand', () => {
  it('keeps what it says about itself; its policy and access are the admin’s', async () => {
    expect((await send('PATCH', '/calculator', { description: 'Mine now.' })).body.code).toBe(
      'tool_definition_read_only',
    );
    expect((await send('PATCH', '/calculator', { source: { to: 'x' } })).body.code).toBe(
      'tool_definition_read_only',
    );
    expect((await send('DELETE', '/calculator')).body.code).toBe('tool_not_made_by_hand');
    expect((await send('POST', '/calculator/rollback', { version: 1 })).body.code).toBe(
      'tool_definition_read_only',
    );
    const changed = await send('PATCH', '/calculator', { policy: { timeoutMs: 4_000 } });
    expect(changed.body).toMatchObject({ version: 1, policy: { timeoutMs: 4_000 } });
  });
});
