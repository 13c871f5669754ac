import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { McpUpstream } from '../fakes/mcp-upstream.js';
import {
  makeReportingDatabase,
  type ReportingDatabase,
  writeDatabaseList,
} from '../support/read-only-database.js';
import { startTestApp, type TestApp, type TestResponse } from '../support/test-app.js';

const SECRET = 'canary-registry-file-8c1f';

let remote: Server;
let base: string;
let fetched = 0;
let upstream: McpUpstream;
let reporting: ReportingDatabase;
/** Where the registry was made, and one that has nothing of it yet. */
let from: Registry;
let to: Registry;

interface Registry {
  readonly server: TestApp;
  send(method: string, path: string, body?: unknown): Promise<TestResponse>;
  load(document: unknown, options?: object): Promise<TestResponse['body']>;
  text(): Promise<string>;
}

async function start(variables: Record<string, string>): Promise<Registry> {
  const server = await startTestApp({ EGRESS_ALLOW: '127.0.0.0/8', ...variables });
  const token = await server.login();
  const send = (method: string, path: string, body?: unknown) =>
    server.call(method, `/api/v1/${path}`, { token, body });
  return {
    server,
    send,
    load: async (document, options = {}) =>
      (await send('POST', 'tools/import', { document, ...options })).body,
    text: async () => (await send('GET', 'tools/export')).body as string,
  };
}

const documentOf = (...operations: string[]) => ({
  openapi: '3.1.0',
  info: { title: 'Pets', version: '1' },
  servers: [{ url: base }],
  components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
  security: [{ key: [] }],
  paths: Object.fromEntries(
    operations.map((name) => [`/${name}`, { get: { operationId: name, summary: name } }]),
  ),
});

beforeAll(async () => {
  remote = createServer((request, response) => {
    if (request.url === '/openapi.json') {
      fetched += 1;
      return void response.end(JSON.stringify(documentOf('listPets', 'getPet')));
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => remote.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(remote.address() as AddressInfo).port}`;
  upstream = await McpUpstream.start([{ name: 'echo', description: 'Gives back' }, { name: 'add' }]);
  reporting = await makeReportingDatabase();
  const SQL_DATABASES_FILE = writeDatabaseList({ reporting: { url: reporting.url } });
  [from, to] = await Promise.all([start({ SQL_DATABASES_FILE }), start({ SQL_DATABASES_FILE })]);
  const origins = [base, new URL(upstream.url).origin];
  for (const one of [from, to]) await one.send('PUT', 'secrets/shop', { value: SECRET, origins });
});
afterAll(async () => {
  await Promise.all([from?.server.stop(), to?.server.stop(), upstream?.stop()]);
  remote?.closeAllConnections();
  remote?.close();
  await reporting?.stop();
});

const auth = { secret: 'shop', type: 'bearer' };

/** A registry with something of every section. */
async function fill({ send }: Registry): Promise<void> {
  const made = [
    await send('POST', 'tools', {
      name: 'orders_of',
      kind: 'sql',
      description: 'Orders.',
      source: { database: 'reporting', query: 'select id from orders', parameters: [] },
    }),
    await send('POST', 'tools', {
      name: 'a_page',
      kind: 'http',
      description: 'A page.',
      source: { method: 'GET', url: `${base}/page`, auth },
    }),
    await send('POST', 'tool-imports/openapi', {
      name: 'pets',
      url: `${base}/openapi.json`,
      prefix: 'pets_',
      exclude: ['getPet'],
      auth: { secret: 'shop' },
    }),
    await send('POST', 'tool-imports/openapi', {
      name: 'inline',
      document: documentOf('one', 'two'),
      auth: { secret: 'shop' },
    }),
    await send('POST', 'mcp-servers', { name: 'up', url: upstream.url, auth, headers: { 'X-Team': 'a' } }),
    await send('POST', 'mcp-servers', { name: 'off', url: upstream.url, enabled: false }),
  ];
  for (const { status, body } of made) expect([status, body.detail]).toEqual([expect.any(Number), undefined]);
  expect((await send('POST', `mcp-servers/${made[4]?.body.id}/refresh`)).status).toBe(200);
  for (const [name, change] of Object.entries({
    pets_listPets: { policy: { timeoutMs: 1_234 } },
    up__echo: { enabled: false },
    calculator: { requiredScopes: ['runs'] },
  }))
    expect((await send('PATCH', `tools/${name}`, change)).status).toBe(200);
}

describe('the whole registry as a file', () => {
  it('makes the same registry on an empty server; a second time nothing is to do', async () => {
    await fill(from);
    const text = await from.text();
    expect(text).not.toContain(SECRET);
    const file = parse(text);
    expect(Object.keys(file)).toEqual([
      'version',
      'sqlDatabases',
      'tools',
      'openapiImports',
      'mcpServers',
      'settings',
    ]);
    expect(file.sqlDatabases).toEqual([{ name: 'reporting' }]);
    expect(file.openapiImports[1]).toMatchObject({
      name: 'inline',
      document: expect.stringContaining('"one"'),
    });
    expect(file.mcpServers).toEqual([
      { name: 'up', url: upstream.url, headers: { 'X-Team': 'a' }, auth, enabled: true },
      { name: 'off', url: upstream.url, headers: {}, auth: null, enabled: false },
    ]);

    const dry = await to.load(text, { dryRun: true });
    expect(dry).toMatchObject({ applied: false, summary: { added: 6, changed: 1, refused: 0, removed: 0 } });
    expect(dry.changes).toContainEqual(
      expect.objectContaining({
        section: 'openapiImports',
        name: 'pets',
        action: 'added',
        message: '1 tool',
      }),
    );
    expect(parse(await to.text())).toMatchObject({ tools: [], openapiImports: [], mcpServers: [] });

    const applied = await to.load(text);
    expect(applied).toMatchObject({ applied: true, summary: { added: 6, refused: 0, missing: 0 } });
    expect(await to.text()).toBe(text);
    expect((await to.send('GET', 'tools/up__echo')).body).toMatchObject({ enabled: false, state: 'active' });
    expect((await to.send('GET', 'tools/pets_listPets')).body.policy.timeoutMs).toBe(1_234);
    const call = await to.send('POST', 'tools/one/call', { arguments: {} });
    expect([call.status, call.body.isError]).toEqual([200, false]);

    const before = fetched;
    for (const one of [to, from]) {
      const again = await one.load(text, { prune: true });
      expect(again).toMatchObject({
        applied: true,
        summary: { added: 0, changed: 0, removed: 0, missing: 0, refused: 0 },
      });
      expect(await one.text()).toBe(text);
    }
    // What is imported already is not fetched to see that.
    expect(fetched).toBe(before);
  });

  it('shows what differs, and changes that only', async () => {
    const file = parse(await to.text());
    const [up] = file.mcpServers;
    const [pets] = file.openapiImports;
    const changed = {
      ...file,
      mcpServers: [{ ...up, headers: { 'X-Team': 'b' } }, file.mcpServers[1]],
      openapiImports: [
        { ...pets, prefix: 'zoo_' },
        { ...file.openapiImports[1], document: documentOf('two', 'three') },
      ],
    };
    const dry = await to.load(changed, { dryRun: true });
    expect(dry.summary).toMatchObject({ added: 0, changed: 3 });
    const of = (name: string) => dry.changes.find((change: { name: string }) => change.name === name);
    expect(of('up')).toMatchObject({
      path: '/mcpServers/0',
      changes: [{ op: 'replace', path: '/headers/X-Team', from: 'a', to: 'b' }],
    });
    expect(of('pets')).toMatchObject({
      changes: [{ op: 'replace', path: '/prefix', from: 'pets_', to: 'zoo_' }],
      warnings: ['the tool pets_listPets goes away'],
    });
    expect(of('inline')).toMatchObject({ message: '2 tools', warnings: ['the tool one goes away'] });
    expect((await to.load(changed)).applied).toBe(true);
    expect((await to.load(changed)).summary).toMatchObject({ added: 0, changed: 0 });
    expect((await to.send('GET', 'tools/zoo_listPets')).status).toBe(200);
    expect((await to.send('GET', 'tools/three')).body.state).toBe('active');
    expect((await to.send('GET', 'tools/one')).body.state).toBe('unavailable');
  });

  it('takes away what the file does not name when it is asked to, section by section', async () => {
    const file = parse(await to.text());
    const less = { version: 1, mcpServers: [file.mcpServers[0]], openapiImports: [file.openapiImports[0]] };
    expect((await to.load(less)).summary).toMatchObject({ removed: 0, unchanged: 2 });
    const dry = await to.load(less, { prune: true, dryRun: true });
    expect(dry.changes.filter(({ action }: { action: string }) => action === 'removed')).toEqual([
      { section: 'openapiImports', name: 'inline', action: 'removed' },
      { section: 'mcpServers', name: 'off', action: 'removed' },
    ]);
    await to.load(less, { prune: true });
    const left = parse(await to.text());
    expect(left.mcpServers.map(({ name }: { name: string }) => name)).toEqual(['up']);
    expect(left.openapiImports.map(({ name }: { name: string }) => name)).toEqual(['pets']);
    expect((await to.send('GET', 'tools/two')).status).toBe(404);
    expect(left.tools).toHaveLength(2);
  });

  it('applies nothing while an entry is refused, and names its place and the fix', async () => {
    const before = await to.text();
    const server = { name: 'new', url: upstream.url };
    const tool = { kind: 'sql', description: 'x', source: { database: 'nowhere', query: 'select 1' } };
    const result = await to.load({
      version: 1,
      sqlDatabases: [{ name: 'reporting' }, { name: 'nowhere' }],
      tools: [{ ...tool, name: 'no_database' }],
      openapiImports: [
        { name: 'fine', document: JSON.stringify(documentOf('fine')), auth: { secret: 'shop' } },
        { name: 'both', url: `${base}/openapi.json`, document: '{}' },
        { name: 'none' },
        { name: 'no_document', document: 'openapi: 2' },
        { name: 'no_secret', document: JSON.stringify(documentOf('x')), auth: { secret: 'missing' } },
        { name: 'lost', url: 'http://127.0.0.1:1/openapi.json' },
      ],
      mcpServers: [
        server,
        { ...server, name: 'program', url: undefined, command: 'sh' },
        { name: 'nowhere' },
        { ...server, name: 'inside', url: 'http://10.0.0.1/mcp' },
        { ...server, name: 'secret', auth: { type: 'bearer', secret: 'missing' } },
        { ...server, name: 'value', auth: { type: 'bearer', value: SECRET } },
        { ...server, name: 'header', headers: { Authorization: `Bearer ${SECRET}` } },
        server,
      ],
    });
    const said = Object.fromEntries(
      result.changes
        .filter(({ action }: { action: string }) => action === 'refused')
        .map(({ path, message }: { path: string; message: string }) => [path, message]),
    );
    expect(said).toEqual({
      '/sqlDatabases/1': expect.stringContaining('SQL_DATABASES_FILE'),
      '/tools/0': expect.stringContaining('source.database: No database "nowhere"'),
      '/openapiImports/1': 'url: give either url or document',
      '/openapiImports/2': 'url: give either url or document',
      '/openapiImports/3': expect.stringContaining('OpenAPI'),
      '/openapiImports/4': expect.stringMatching(/GET \/x: .*"missing"/),
      '/openapiImports/5': expect.any(String),
      '/mcpServers/1': expect.stringContaining('MCP_SERVERS_FILE'),
      '/mcpServers/2': expect.stringContaining('url: is required'),
      '/mcpServers/3': expect.any(String),
      '/mcpServers/4': expect.stringContaining('"missing"'),
      '/mcpServers/5': expect.stringContaining('auth'),
      '/mcpServers/6': expect.stringContaining('headers'),
      '/mcpServers/7': 'the file names it twice',
    });
    expect(JSON.stringify(result)).not.toContain(SECRET);
    expect(result).toMatchObject({ applied: false, summary: { added: 2 } });
    expect(await to.text()).toBe(before);
  });

  it('says which tools come later when a server is away', async () => {
    const away = { name: 'away', url: 'http://127.0.0.1:1/mcp' };
    const settings = [{ name: 'away__tool', enabled: false }];
    const result = await to.load({ version: 1, mcpServers: [away], settings });
    expect(result).toMatchObject({ applied: true, summary: { added: 1, missing: 1, refused: 0 } });
    expect(result.changes[0].warnings).toEqual([expect.stringContaining('its tools come later')]);
  });
});
