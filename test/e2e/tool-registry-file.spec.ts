import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { addMember } from '../support/accounts.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { addEchoSource } from '../support/tool-source.js';

let server: TestApp;
let admin: string;
beforeAll(async () => {
  server = await startTestApp();
  admin = await server.login();
  await addEchoSource(server, 'http');
});
afterAll(() => server?.stop());

const send = (method: string, path: string, body?: unknown, token = admin) =>
  server.call(method, `/api/v1/tools${path}`, { token, body });
const load = async (document: unknown, options: object = {}) =>
  (await send('POST', '/import', { document, ...options })).body;
const exported = async () => parse((await send('GET', '/export')).body);

const FILE = `
version: 1
tools:
  - name: get_order
    kind: http
    description: Reads an order.
    inputSchema: { type: object, properties: { id: { type: string, description: The id. } } }
    source: { to: https://a.example }
    policy: { timeoutMs: 5000 }
  - name: list_orders
    kind: http
    description: Lists orders.
    source: { to: https://a.example }
settings:
  - name: calculator
    policy: { timeoutMs: 4000 }
    requiredScopes: [runs]
  - name: not_here_yet
    enabled: false
`;

describe('the registry as a file', () => {
  it('is compared first, then applied, then unchanged', async () => {
    const dry = await load(FILE, { dryRun: true });
    expect(dry).toMatchObject({ applied: false, summary: { added: 2, changed: 1, missing: 1, refused: 0 } });
    expect(dry.changes.find(({ name }: { name: string }) => name === 'calculator')).toMatchObject({
      section: 'settings',
      action: 'changed',
      changes: [
        { op: 'replace', path: '/policy/timeoutMs', from: 5_000, to: 4_000 },
        { op: 'add', path: '/requiredScopes/-', to: 'runs' },
      ],
    });
    expect((await send('GET', '/get_order')).status).toBe(404);

    expect(await load(FILE)).toMatchObject({ applied: true, summary: { added: 2, changed: 1 } });
    expect((await send('GET', '/get_order')).body).toMatchObject({
      version: 1,
      policy: { timeoutMs: 5_000 },
    });
    expect((await send('GET', '/calculator')).body).toMatchObject({
      policy: { timeoutMs: 4_000 },
      version: 1,
    });
    expect(await load(FILE)).toMatchObject({
      applied: true,
      summary: { added: 0, changed: 0, unchanged: 3 },
    });
    expect((await send('GET', '/get_order')).body.version).toBe(1);
    const audit = await server.sql("select details from audit_log where action = 'tools.imported'");
    expect(audit).toHaveLength(1);
  });

  it('comes back as it was exported, as YAML and as JSON', async () => {
    const file = await exported();
    expect(file.version).toBe(1);
    expect(file.tools.map(({ name }: { name: string }) => name)).toEqual(['get_order', 'list_orders']);
    expect(file.settings.map(({ name }: { name: string }) => name)).toContain('text_stats');
    expect((await send('GET', '/export?format=json')).body).toEqual(file);
    const yaml = (await send('GET', '/export')).body as string;
    for (const document of [yaml, file, JSON.stringify(file)])
      expect((await load(document, { prune: true })).summary).toMatchObject({
        added: 0,
        changed: 0,
        removed: 0,
      });
  });

  it('changes, takes away and brings back, each as a version', async () => {
    const file = await exported();
    const order = file.tools[0];
    const outputSchema = { type: 'object', properties: { version: { type: 'integer' } } };
    await load({ ...file, tools: [{ ...order, outputSchema, source: { to: 'https://b.example' } }] });
    expect((await send('GET', '/get_order')).body).toMatchObject({ version: 2, outputSchema });
    expect((await send('GET', '/list_orders')).status).toBe(200);
    const pruned = await load({ version: 1, tools: [order] }, { prune: true });
    expect(pruned.summary).toMatchObject({ changed: 1, removed: 1 });
    expect((await send('GET', '/list_orders')).status).toBe(404);
    expect((await send('GET', '/get_order')).body).toMatchObject({
      version: 1,
      source: { to: 'https://a.example' },
    });
    expect((await send('GET', '/get_order')).body.outputSchema).toBeUndefined();
    expect((await load({ version: 1 }, { prune: true })).summary).toMatchObject({ removed: 0 });
  });

  it('applies nothing while an entry is refused, and says why', async () => {
    const good = { name: 'good_tool', kind: 'http', description: 'Good.', source: { to: 'x' } };
    const bad = [
      { ...good, name: 'calculator' },
      { ...good, name: 'bad_source', source: { to: 7 } },
      { ...good, name: 'hidden', description: 'Text\u200b' },
      { ...good, name: 'odd', colour: 'red' },
      { ...good, name: 'get_order', kind: 'sql' },
      good,
      'text',
    ];
    const result = await load({
      version: 1,
      tools: [good, ...bad],
      settings: [{ name: 'get_order', enabled: false }],
    });
    expect(result).toMatchObject({ applied: false, summary: { added: 1, refused: 8 } });
    const messages = result.changes.map(({ message }: { message?: string }) => message ?? '').join('\n');
    for (const text of [
      '"settings"',
      'source.to',
      'U+200B',
      'colour',
      'delete it first',
      'twice',
      'under "tools"',
    ])
      expect(messages).toContain(text);
    expect((await send('GET', '/good_tool')).status).toBe(404);
  });

  it('tells what was done when it stops on the way, and goes on the second time', async () => {
    await server.sql(`create function break_tool() returns trigger language plpgsql as
      $$ begin if new.name = 'breaks' then raise 'planted'; end if; return new; end $$`);
    await server.sql(
      'create trigger break_tool before insert on tools for each row execute function break_tool()',
    );
    const tools = ['before', 'breaks', 'after'].map((name) => ({
      ...{ name, kind: 'http', description: 'One of three.', source: { to: 'https://a.example' } },
    }));
    const file = { version: 1, tools, settings: [{ name: 'calculator', enabled: false }] };
    const stopped = await load(file);
    expect(stopped).toMatchObject({ applied: true, summary: { added: 1, refused: 3 } });
    const told = stopped.changes.map(({ name, message }: Record<string, string>) => [name, message]);
    expect(told).toEqual([
      ['before', undefined],
      ['breaks', expect.stringContaining('could not be applied')],
      ['after', expect.stringContaining('not applied')],
      ['calculator', expect.stringContaining('not applied')],
    ]);
    expect(JSON.stringify(stopped)).not.toContain('planted');
    expect((await send('GET', '/after')).status).toBe(404);
    const [{ details } = { details: undefined }] = await server.sql<{ details: unknown }>(
      `select details from audit_log where action = 'tools.imported' order by sequence desc limit 1`,
    );
    expect(details).toMatchObject({ added: 1, refused: 3 });

    await server.sql('drop trigger break_tool on tools');
    expect(await load(file)).toMatchObject({ summary: { added: 2, changed: 1, unchanged: 1, refused: 0 } });
  });

  it('is refused when it is no such file', async () => {
    const bomb = `a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [${'*a,'.repeat(9)}]\nc: &c [${'*b,'.repeat(9)}]\nversion: 1`;
    for (const document of [
      '',
      'version: 2',
      'version: 1\ntool: []',
      '{',
      '[]',
      'version: 1\ntools: {}',
      bomb,
    ]) {
      const answer = await send('POST', '/import', { document });
      expect([document, answer.status, answer.body.code]).toEqual([document, 422, 'invalid_registry_file']);
    }
    const tagged = await send('POST', '/import', {
      document: 'version: 1\ntools: [!!js/function "function(){}"]',
    });
    expect(tagged.body.applied ?? false).toBe(false);
  });

  it('is for admins', async () => {
    const { token } = await addMember(server);
    expect((await send('GET', '/export', undefined, token)).status).toBe(403);
    expect((await send('POST', '/import', { document: 'version: 1' }, token)).status).toBe(403);
  });
});
