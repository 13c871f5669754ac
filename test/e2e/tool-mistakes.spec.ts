import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { modern } from '../support/mcp-client.js';
import {
  makeReportingDatabase,
  type ReportingDatabase,
  writeDatabaseList,
} from '../support/read-only-database.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** What a server may answer where something else was expected. */
const PAGES: Record<string, [number, string, string]> = {
  '/page': [200, 'text/html', '<!doctype html><html><body>Hello</body></html>'],
  '/json': [200, 'application/json', '{"hello": 1}'],
  '/no-json': [200, 'application/json', 'not json'],
  '/missing': [404, 'text/html', '<html>gone</html>'],
  '/untyped': [404, '', 'gone'],
  '/locked': [401, '', ''],
  '/moved': [302, '', ''],
  '/huge': [200, 'application/json', `{"openapi": "3.0.0", "paths": {"/": "${'x'.repeat(3 << 20)}"}}`],
};

let remote: Server;
let base: string;
let reporting: ReportingDatabase;
let server: TestApp;
let token: string;

beforeAll(async () => {
  remote = createServer((request, response) => {
    const [status, type, body] = PAGES[request.url ?? ''] ?? [200, 'application/json', '{}'];
    if (type !== '') response.setHeader('content-type', type);
    if (status === 302) response.setHeader('location', '/json');
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => remote.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(remote.address() as AddressInfo).port}`;
  reporting = await makeReportingDatabase();
  server = await startTestApp({
    EGRESS_ALLOW: '127.0.0.1/32',
    SQL_DATABASES_FILE: writeDatabaseList({ reporting: { url: reporting.url } }),
  });
  token = await server.login();
});
afterAll(async () => {
  remote?.closeAllConnections();
  remote?.close();
  await server?.stop();
  await reporting?.stop();
});

const send = (method: string, path: string, body?: unknown) =>
  server.call(method, `/api/v1/${path}`, { token, body });

/** Sends what is wrong, and gives the status with all that was said about it. */
async function told(path: string, body: object): Promise<[number, string]> {
  const answer = await send('POST', path, body);
  const { detail, errors = [], refused = [] } = answer.body;
  const fields = [...errors, ...refused].map((one: object) => Object.values(one).join(': '));
  return [answer.status, [detail, ...fields].join('\n')];
}

const documentOf = (change: object) => ({
  openapi: '3.1.0',
  info: { title: 'T', version: '1' },
  servers: [{ url: base }],
  paths: { '/a': { get: { operationId: 'a' } } },
  ...change,
});

describe('an OpenAPI document', () => {
  const circle = { $ref: '#/components/parameters/p' };
  it.each<[string, () => object, number, string]>([
    ['is something else', () => ({ document: { hello: 1 } }), 422, 'it has no "openapi"'],
    ['is a text', () => ({ document: 'Hello there' }), 422, 'a text or a list, not an object'],
    ['is a list', () => ({ document: [] }), 400, 'document: must be the document as a text'],
    [
      'is broken YAML',
      () => ({ document: 'openapi: 3.0.0\npaths:\n\t/x: {}' }),
      422,
      'Tabs are not allowed as indentation at line 3, column 1.',
    ],
    ['is two documents', () => ({ document: 'a: 1\n---\nb: 2' }), 422, 'several YAML documents; give one'],
    [
      'is of a later version',
      () => ({ document: documentOf({ openapi: '3.2.0' }) }),
      422,
      '"openapi" is "3.2.0"',
    ],
    [
      'has a number as version',
      () => ({ document: 'openapi: 3.1\npaths: {}' }),
      422,
      '"openapi" is 3.1; it must be a text',
    ],
    ['is Swagger 2.0', () => ({ document: { swagger: '2.0', paths: {} } }), 422, 'convert it to OpenAPI 3'],
    ['has no operation', () => ({ document: documentOf({ paths: {} }) }), 422, '"paths" are empty'],
    [
      'is left with none',
      () => ({ document: documentOf({}), include: ['tag:x'] }),
      422,
      '"include" and "exclude" leave none',
    ],
    ['has no server', () => ({ document: documentOf({ servers: [] }) }), 200, 'give "server"'],
    [
      'goes in a circle',
      () => ({
        document: documentOf({
          paths: { '/a': { get: { parameters: [circle] } } },
          components: { parameters: { p: circle } },
        }),
      }),
      200,
      'leads in a circle',
    ],
    [
      'has a path in a circle',
      () => ({ document: documentOf({ paths: { '/a': { $ref: '#/paths/~1a' } } }) }),
      200,
      '/a: it has a $ref that leads in a circle',
    ],
    [
      'needs a secret',
      () => ({ document: documentOf({}), auth: { secret: 'nope', type: 'bearer' } }),
      200,
      'PUT /api/v1/secrets/nope',
    ],
    ['is at no URL', () => ({ url: 'petstore' }), 422, 'must be https to a public host'],
    ['is a web page', () => ({ url: `${base}/page` }), 422, 'it is a web page'],
    ['is not there', () => ({ url: `${base}/missing` }), 422, 'the server answered 404'],
    ['is not JSON', () => ({ url: `${base}/no-json` }), 422, 'a text or a list, not an object'],
    ['is huge', () => ({ url: `${base}/huge` }), 422, 'larger than 2 MiB'],
    ['is given twice', () => ({ url: base, document: {} }), 400, 'give either url or document'],
  ])('that %s is told so', async (_what, body, status, words) => {
    const said = await told('tool-imports/openapi', { name: 'x', dryRun: true, ...body() });
    expect(said).toEqual([status, expect.stringContaining(words)]);
  });

  it('may keep a path item elsewhere', async () => {
    const document = documentOf({
      paths: { '/a': { $ref: '#/components/pathItems/a' } },
      components: { pathItems: { a: { get: { operationId: 'elsewhere' } } } },
    });
    const { body } = await send('POST', 'tool-imports/openapi', { name: 'x', dryRun: true, document });
    expect(body.made).toEqual([{ tool: 'elsewhere', operation: 'GET /a' }]);
  });
});

describe('an http tool', () => {
  const inputSchema = { type: 'object', properties: { id: { type: 'string' } } };
  it.each<[string, () => object, number, string]>([
    [
      'uses a parameter that is not declared',
      () => ({ method: 'GET', url: `${base}/{order}` }),
      422,
      'uses order, which inputSchema.properties does not have',
    ],
    ['has no url', () => ({ method: 'GET' }), 422, 'source.url'],
    ['has a method of its own', () => ({ method: 'FETCH', url: base }), 422, 'source.method'],
    [
      'writes a credential down',
      () => ({ method: 'GET', url: base, headers: { Authorization: 'x' } }),
      422,
      'store it as a secret and use "auth"',
    ],
    [
      'names no secret of the vault',
      () => ({ method: 'GET', url: base, auth: { type: 'bearer', secret: 'nope' } }),
      422,
      'source.auth.secret: There is no secret "nope". An admin makes one by PUT',
    ],
  ])('that %s is refused with the fix', async (_what, source, status, words) => {
    const body = { name: 't', kind: 'http', description: 'd', inputSchema, source: source() };
    expect(await told('tools', body)).toEqual([status, expect.stringContaining(words)]);
  });

  it.each([
    ['/missing', 'remote_refused', '404 Not Found'],
    ['/untyped', 'remote_refused', '404 Not Found'],
    ['/locked', 'remote_refused', '401 Unauthorized. The credential'],
    ['/no-json', 'remote_invalid_json', 'said that its answer is JSON, but it is not'],
  ])('says what was wrong with the answer of %s', async (path, errorCode, words) => {
    const name = `reads_${path.slice(1)}`;
    const source = { method: 'GET', url: `${base}${path}` };
    const made = await send('POST', 'tools', { name, kind: 'http', description: 'd', source });
    expect(made.status).toBe(201);
    const { body } = await send('POST', `tools/${name}/call`, { arguments: {} });
    expect(body).toMatchObject({ isError: true, errorCode });
    expect(body.content[0].text).toContain(words);
  });
});

describe('a sql tool', () => {
  const inputSchema = { type: 'object', properties: { id: { type: 'string' } } };
  const make = (name: string, query: string, parameters: string[]) => ({
    name,
    kind: 'sql',
    description: 'd',
    inputSchema,
    source: { database: 'reporting', query, parameters },
  });

  it.each<[string, string, string[], string]>([
    ['two statements', 'select 1; select 2', [], 'Give one statement only'],
    ['named parameters', 'select id from orders where id = :id', ['id'], 'Parameters are written $1'],
    ['a parameter too few', 'select id from orders where id = $1', [], 'must name 1 argument, for $1'],
    ['a parameter too many', 'select id from orders', ['id'], 'must name 0 arguments'],
  ])('with %s is refused with the fix', async (_what, query, parameters, words) => {
    const said = await told('tools', make('refused_sql', query, parameters));
    expect(said).toEqual([422, expect.stringContaining(words)]);
  });

  it('names the argument that does not fit, over REST and MCP, and not its value', async () => {
    const name = 'order_of';
    const made = await send('POST', 'tools', make(name, 'select id from orders where id = $1', ['id']));
    expect(made.status).toBe(201);
    const args = { id: 'canary' };
    const { body } = await send('POST', `tools/${name}/call`, { arguments: args });
    const overMcp = await modern(server, token, 'tools/call', { name, arguments: args });
    for (const { isError, content } of [body, overMcp.body.result]) {
      expect(isError).toBe(true);
      expect(content[0].text).toContain('The argument for "id" does not fit');
      expect(content[0].text).not.toContain('canary');
    }
  });
});

describe('an MCP server whose URL', () => {
  it.each([
    ['is a web page', '/page', 'not the Model Context Protocol. Its url must be'],
    ['is another API', '/json', 'not the Model Context Protocol. Its url must be'],
    ['is not JSON', '/no-json', 'not the Model Context Protocol. Its url must be'],
    ['leads nowhere', '/missing', 'it answered 404 Not Found, so its url may be wrong'],
    ['leads elsewhere', '/moved', 'it redirects, which is not followed; give the address'],
    ['wants a credential', '/locked', 'wants a credential, or refused ours'],
  ])('%s is told so', async (_what, path, words) => {
    const { body } = await send('POST', 'mcp-servers', { name: 'wrong', url: `${base}${path}` });
    const looked = await send('POST', `mcp-servers/${body.id}/refresh`);
    expect(looked.status).toBeGreaterThanOrEqual(400);
    expect(looked.body.detail).toContain(words);
    expect((await send('GET', `mcp-servers/${body.id}`)).body.lastError).toContain(words);
    await send('DELETE', `mcp-servers/${body.id}`);
  });

  it('needs a secret that is not there is told how to make it', async () => {
    const said = await told('mcp-servers', {
      name: 'wrong',
      url: base,
      auth: { type: 'bearer', secret: 'nope' },
    });
    expect(said).toEqual([404, expect.stringContaining('PUT /api/v1/secrets/nope')]);
  });
});

it('the registry’s file may use anchors and merge keys', async () => {
  const document = `version: 1
settings:
  - &quick { name: calculator, policy: { timeoutMs: 1234 } }
  - { <<: *quick, name: text_stats }
`;
  const { body } = await send('POST', 'tools/import', { document });
  expect(body).toMatchObject({ applied: true, summary: { changed: 2 } });
  expect((await send('GET', 'tools/text_stats')).body.policy.timeoutMs).toBe(1_234);
});
