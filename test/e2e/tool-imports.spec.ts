/* eslint-disable @typescript-eslint/no-explicit-any -- documents and answers are read as what they should be */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { addMember } from '../support/accounts.js';
import { sample } from '../support/sample.js';
import { startTestApp, type TestApp, type TestResponse } from '../support/test-app.js';

jest.setTimeout(120_000);

interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: TestApp;
let token: string;
let remote: Server;
let base: string;
let arrived: Arrived[] = [];
/** What the remote server serves at GET /openapi.*. */
let served = '';

beforeAll(async () => {
  remote = createServer((request, response) => {
    const [where = '', query = ''] = (request.url ?? '').split(/\?(.*)/s);
    if (where.startsWith('/openapi')) return void response.end(served);
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      arrived.push({ method: request.method ?? '', path: where, query, headers: request.headers, body });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => remote.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(remote.address() as AddressInfo).port}`;
  server = await startTestApp({ EGRESS_ALLOW: new URL(base).host });
  token = await server.login();
});
afterAll(async () => {
  remote?.close();
  await server?.stop();
});
beforeEach(() => {
  arrived = [];
});

const examples = path.dirname(createRequire(import.meta.url).resolve('@readme/oas-examples/package.json'));
const example = (file: string) => readFileSync(path.join(examples, file), 'utf8');
const run = (body: object): Promise<TestResponse> =>
  server.call('POST', '/api/v1/tool-imports/openapi', { token, body });
const call = (tool: string, args: unknown) =>
  server.call('POST', `/api/v1/tools/${tool}/call`, { token, body: { arguments: args } });

/** The operation that a label of a report names, with its parameters, read without our own code. */
function operationOf(document: any, label: string): { spec: any; parameters: any[]; body: any } {
  const follow = (node: any): any =>
    node?.$ref === undefined
      ? node
      : follow(
          node.$ref
            .slice(2)
            .split('/')
            .reduce((at: any, part: string) => at[part.replaceAll('~1', '/')], document),
        );
  const [method = '', route = ''] = label.split(' ');
  const shared = document.paths[route];
  const spec = shared[method.toLowerCase()];
  const parameters = [...(shared.parameters ?? []), ...(spec.parameters ?? [])].map(follow);
  return { spec, parameters, body: follow(spec.requestBody) };
}

const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
/** encodeURIComponent leaves some characters as they are; what was sent is compared decoded, in its own slot. */
const pairsOf = (text: string) =>
  text === '' ? [] : text.split('&').map((pair) => pair.split('=').map((part) => decodeURIComponent(part)));

/** The order of names means nothing, that of the values of one name does. */
const byName = (pairs: string[][]) => [...pairs].sort(([a = ''], [b = '']) => (a < b ? -1 : a > b ? 1 : 0));

/** Compares what a server saw with what the document says it must see. */
function compare(
  document: any,
  label: string,
  args: Record<string, any>,
  seen: Arrived,
  prefix: string,
): void {
  const { parameters, body } = operationOf(document, label);
  const [method, route = ''] = label.split(' ');
  const left = new Set(Object.keys(args));
  const take = (name: string) => {
    left.delete(name);
    return args[name];
  };
  expect([label, seen.method]).toEqual([label, method]);
  const segments = `${prefix}${route}`
    .split('/')
    .map((segment) => segment.replace(/\{([^}]*)\}/g, (_, name: string) => asText(take(name))));
  expect(seen.path.split('/').map(decodeURIComponent)).toEqual(segments);
  const query = parameters
    .filter((one) => one.in === 'query' && args[one.name] !== undefined)
    .flatMap((one) => [take(one.name)].flat().map((value) => [one.name, asText(value)]));
  expect([label, byName(pairsOf(seen.query))]).toEqual([label, byName(query)]);
  for (const one of parameters.filter(
    ({ in: place, name }) => place === 'header' && args[name] !== undefined,
  ))
    expect(seen.headers[one.name.toLowerCase()]).toBe([take(one.name)].flat().map(asText).join(','));
  const types = Object.keys(body?.content ?? {});
  if (types.some((type) => type.includes('json'))) {
    const expected = left.has('body')
      ? take('body')
      : Object.fromEntries([...left].map((name) => [name.replace(/_body$/, ''), take(name)]));
    expect([label, JSON.parse(seen.body)]).toEqual([label, expected]);
  } else if (types.includes('application/x-www-form-urlencoded')) {
    expect(seen.headers['content-type']).toBe('application/x-www-form-urlencoded');
    const expected = [...left].flatMap((name) => [take(name)].flat().map((value) => [name, asText(value)]));
    expect([label, byName(pairsOf(seen.body))]).toEqual([label, byName(expected)]);
  } else expect([label, seen.body]).toEqual([label, '']);
  expect([label, [...left]]).toEqual([label, []]);
}

/** Imports a document, calls each tool with arguments made from its schema, and compares what arrived. */
async function everyCallArrives(
  name: string,
  text: string,
  more: object = {},
): Promise<TestResponse['body']> {
  const prefix = '/base/v2';
  const report = await run({ name, document: text, server: `${base}${prefix}`, prefix: `${name}_`, ...more });
  expect([report.status, report.body.code]).toEqual([200, undefined]);
  const document = JSON.parse(text);
  for (const { tool, operation } of report.body.made) {
    const { inputSchema } = (await server.call('GET', `/api/v1/tools/${tool}`, { token })).body;
    for (const full of [true, false]) {
      arrived = [];
      const args = sample(inputSchema, inputSchema, full) as Record<string, any>;
      // A header holds no other characters.
      for (const one of operationOf(document, operation).parameters)
        if (one.in === 'header' && typeof args[one.name] === 'string') args[one.name] = 'plain text';
      const answer = await call(tool, args);
      expect([operation, answer.status, answer.body.errors]).toEqual([operation, 200, undefined]);
      expect([operation, arrived.length]).toEqual([operation, 1]);
      compare(document, operation, args, arrived[0] as Arrived, prefix);
    }
  }
  return report.body;
}

describe('an OpenAPI import', () => {
  it('takes the petstore (3.0) with no hand work: every call arrives as the document says', async () => {
    const report = await everyCallArrives('pets30', example('3.0/json/petstore.json'));
    expect(report.made.length).toBeGreaterThanOrEqual(18);
    expect(report.refused).toEqual([]);
    expect(report.warnings).toContainEqual({
      operation: 'POST /pet/{petId}/uploadImage',
      message: expect.stringContaining('multipart/form-data'),
    });
  });

  it('takes the petstore (3.1) alike', async () => {
    const report = await everyCallArrives('pets31', example('3.1/json/petstore.json'));
    expect(report.made.length).toBeGreaterThanOrEqual(18);
  });

  it('takes a document of 120 operations with no hand work', async () => {
    const report = await everyCallArrives('trek', example('3.0/json/star-trek.json'));
    expect(report.made).toHaveLength(120);
    expect(report.refused).toEqual([]);
    const list = await server.call('GET', '/api/v1/tools?kind=openapi&limit=100', { token });
    expect(list.body.nextCursor).not.toBeNull();
  });

  it('says by a dry run what it would make and what it refuses, and makes nothing', async () => {
    const paths = {
      '/a/{id}': {
        get: { operationId: 'get a!', parameters: [{ name: 'id', in: 'path', schema: { type: 'string' } }] },
        put: {
          parameters: [
            { name: 'id', in: 'path', schema: {} },
            { name: 'sid', in: 'cookie', required: true, schema: {} },
          ],
        },
        options: {},
      },
      '/b': { post: { requestBody: { required: true, content: { 'multipart/form-data': {} } } } },
      '/c': { get: { parameters: [{ $ref: 'https://evil.example/p.json' }] } },
      '/d': { get: { servers: [{ url: 'http://169.254.169.254/' }] } },
      '/e/{x}': { get: {} },
      [`/${'long'.repeat(20)}`]: { get: { summary: 'Long', deprecated: true } },
    };
    const document = {
      openapi: '3.1.0',
      info: { title: 'T', version: '1' },
      servers: [{ url: base }],
      paths,
    };
    const report = await run({ name: 'dry', document, dryRun: true });
    expect(report.body).toMatchObject({ name: 'dry', dryRun: true });
    expect(report.body.made).toEqual([
      { tool: 'get_a', operation: 'GET /a/{id}' },
      { tool: expect.stringMatching(/^get_long.{47}_[0-9a-f]{8}$/), operation: `GET /${'long'.repeat(20)}` },
    ]);
    const reasons = Object.fromEntries(report.body.refused.map((one: any) => [one.operation, one.reason]));
    expect(reasons).toEqual({
      'OPTIONS /a/{id}': expect.stringContaining('method'),
      'PUT /a/{id}': expect.stringContaining('cookie'),
      'POST /b': expect.stringContaining('multipart/form-data'),
      'GET /c': expect.stringContaining('leaves the document'),
      'GET /d': expect.stringContaining('cannot be reached'),
      'GET /e/{x}': expect.stringContaining('"x" is not described'),
    });
    expect((await server.call('GET', '/api/v1/tools/get_a', { token })).status).toBe(404);
  });

  it('chooses, marks and names; follows a changed document by its URL; goes with its tools', async () => {
    const operation = (extra: object) => ({ summary: 'Do it', ...extra });
    const document = {
      openapi: '3.0.3',
      info: { title: 'Shop', version: '1' },
      servers: [{ url: '/api' }],
      paths: {
        '/items': {
          get: operation({ operationId: 'listItems', tags: ['items'] }),
          post: operation({ tags: ['items'] }),
        },
        '/items/{id}': {
          parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
          delete: operation({ tags: ['items'] }),
        },
        '/admin': { get: operation({ tags: ['admin'] }) },
      } as Record<string, object>,
    };
    served = JSON.stringify(document);
    const body = { name: 'shop', url: `${base}/openapi.json`, prefix: 'shop_', include: ['tag:items'] };
    const first = await run(body);
    expect(first.body.made.map((one: any) => one.tool)).toEqual([
      'shop_listItems',
      'shop_post_items',
      'shop_delete_items_id',
    ]);
    const tools = await server.call('GET', '/api/v1/tools?q=shop_', { token });
    const hints = Object.fromEntries(tools.body.items.map((tool: any) => [tool.name, tool.annotations]));
    expect(hints).toMatchObject({
      shop_listItems: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
      shop_post_items: { readOnlyHint: false, destructiveHint: false, idempotentHint: false },
      shop_delete_items_id: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
    });
    await call('shop_delete_items_id', { id: 7 });
    expect(arrived[0]).toMatchObject({ method: 'DELETE', path: '/api/items/7', body: '' });
    expect((await call('shop_delete_items_id', { id: 'x' })).body.code).toBe('invalid_tool_arguments');
    delete document.paths['/items/{id}'];
    served = JSON.stringify(document);
    const dry = await run({ ...body, dryRun: true });
    expect(dry.body).toMatchObject({ dryRun: true, vanished: ['shop_delete_items_id'] });
    const still = await server.call('GET', '/api/v1/tools/shop_delete_items_id', { token });
    expect(still.body.state).toBe('active');
    const again = await server.call('POST', '/api/v1/tool-imports/shop/refresh', { token });
    expect(dry.body).toEqual({ ...again.body, dryRun: true });
    expect(again.body).toMatchObject({ vanished: ['shop_delete_items_id'], refused: [] });
    const list = await server.call('GET', '/api/v1/tool-imports', { token });
    const row = list.body.items.find((one: any) => one.name === 'shop');
    expect(row).toMatchObject({ title: 'Shop', tools: 2, url: body.url });
    expect((await server.call('DELETE', '/api/v1/tool-imports/shop', { token })).status).toBe(204);
    expect((await server.call('GET', '/api/v1/tools/shop_listItems', { token })).status).toBe(404);
    expect((await server.call('DELETE', '/api/v1/tool-imports/shop', { token })).body.code).toBe(
      'tool_import_not_found',
    );
    expect((await server.call('POST', '/api/v1/tool-imports/trek/refresh', { token })).body.code).toBe(
      'tool_import_without_url',
    );
  });

  it('never takes a name that another import or tool holds', async () => {
    const document = (id: string) => ({
      openapi: '3.0.0',
      servers: [{ url: base }],
      paths: { '/x': { get: { operationId: id } }, '/y': { get: { operationId: 'calculator' } } },
    });
    await run({ name: 'mine', document: document('held') });
    const dry = await run({ name: 'theirs', document: document('held'), dryRun: true });
    const other = await run({ name: 'theirs', document: document('held') });
    expect(other.body.made).toEqual([]);
    expect(other.body.refused).toHaveLength(2);
    // A dry run says the same, also of a name that a tool of another import has.
    expect(dry.body).toEqual({ ...other.body, dryRun: true });
  });

  it('signs in as the document says, by a secret of the vault', async () => {
    const value = 'canary-of-the-import';
    await server.call('PUT', '/api/v1/secrets/shop', { token, body: { value, origins: [base] } });
    const securitySchemes = {
      key: { type: 'apiKey', in: 'header', name: 'X-Shop-Key' },
      login: { type: 'http', scheme: 'basic' },
      token: { type: 'http', scheme: 'bearer' },
      param: { type: 'apiKey', in: 'query', name: 'key' },
    };
    const paths = Object.fromEntries(
      Object.keys(securitySchemes).map((name) => [`/${name}`, { get: { security: [{ [name]: [] }] } }]),
    );
    const document = {
      openapi: '3.0.0',
      servers: [{ url: base }],
      components: { securitySchemes },
      paths: { ...paths, '/open': { get: { security: [] } } },
    };
    const without = await run({ name: 'signed', document, dryRun: true });
    expect(without.body.warnings).toHaveLength(4);
    const report = await run({ name: 'signed', document, auth: { secret: 'shop', username: 'me' } });
    expect(report.body).toMatchObject({ refused: [], warnings: [] });
    for (const { tool } of report.body.made) expect((await call(tool, {})).body.isError).toBe(false);
    const [key, login, bearer, param, open] = arrived;
    expect(key?.headers['x-shop-key']).toBe(value);
    expect(login?.headers.authorization).toBe(`Basic ${Buffer.from(`me:${value}`).toString('base64')}`);
    expect(bearer?.headers.authorization).toBe(`Bearer ${value}`);
    expect(param?.query).toBe(`key=${value}`);
    expect(JSON.stringify(open)).not.toContain(value);
    const elsewhere = await run({
      name: 'signed2',
      document,
      server: 'https://api.example.com',
      prefix: 'z_',
      auth: { secret: 'shop' },
    });
    expect(elsewhere.body.made.map((one: any) => one.operation)).toEqual(['GET /open']);
    expect(elsewhere.body.refused[0].reason).toContain('not bound to https://api.example.com');
  });

  it('[S53] reads YAML, but no bomb, no foreign $ref and no other kind of document', async () => {
    const yaml = `openapi: 3.0.0\nservers: [{url: ${base}}]\npaths:\n  /yaml:\n    get: {operationId: fromYaml}\n`;
    expect((await run({ name: 'yaml', document: yaml })).body.made).toEqual([
      { tool: 'fromYaml', operation: 'GET /yaml' },
    ]);
    const levels = 'bcdefghij'
      .split('')
      .map((name, index) => `${name}: &${name} [${`*${'abcdefghi'[index]},`.repeat(10)}]`);
    const bombs = {
      aliases: ['openapi: 3.0.0', 'a: &a [x,x,x,x,x,x,x,x,x,x]', ...levels, 'paths: {}'].join('\n'),
      circle: 'openapi: 3.0.0\npaths: &p\n  /x: *p\n',
      prototype: '{"openapi":"3.0.0","paths":{"__proto__":{"isAdmin":true}}}',
      deep: `{"openapi":"3.0.0","paths":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`,
      swagger: '{"swagger":"2.0","paths":{}}',
      other: '{"openapi":"3.0.0"}',
      none: ': : :',
      tag: 'openapi: 3.0.0\npaths: !!js/function "function () { process.exit() }"',
    };
    for (const [kind, document] of Object.entries(bombs)) {
      const startedAt = Date.now();
      const answer = await run({ name: 'bomb', document });
      expect([kind, answer.status, answer.body.code]).toEqual([kind, 422, 'invalid_openapi_document']);
      expect(Date.now() - startedAt).toBeLessThan(20_000);
    }
    expect(({} as Record<string, unknown>).isAdmin).toBeUndefined();
    const many = Object.fromEntries(Array.from({ length: 501 }, (_, n) => [`/p${n}`, { get: {} }]));
    const large = await run({
      name: 'many',
      document: JSON.stringify({ openapi: '3.0.0', servers: [{ url: base }], paths: many }),
    });
    expect(large.body.detail).toContain('501 operations');
  });

  it('keeps circles of schemas finite', async () => {
    for (const file of [
      '3.0/json/circular.json',
      '3.0/json/circular-paths.json',
      '3.0/json/schema-circular.json',
    ]) {
      const name = path.basename(file, '.json');
      const report = await run({ name, prefix: `${name}_`, document: example(file), server: base });
      expect([file, report.status]).toEqual([file, 200]);
    }
  });

  it('is for admins', async () => {
    const member = await addMember(server);
    for (const [method, route, body] of [
      ['POST', '/openapi', { name: 'x', document: {} }],
      ['GET', '', undefined],
      ['POST', '/x/refresh', undefined],
      ['DELETE', '/x', undefined],
    ] as const)
      expect(
        (await server.call(method, `/api/v1/tool-imports${route}`, { token: member.token, body })).status,
      ).toBe(403);
  });
});
