import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildRequest } from '../../../src/tools/sources/http/build-request.js';
import { checkUse, parseHttpSource } from '../../../src/tools/sources/http/check-source.js';
import { type HttpSource } from '../../../src/tools/sources/http/http-source.schema.js';

interface Arrived {
  readonly method: string;
  readonly path: string[];
  readonly query: [string, string][];
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: Server;
let base: string;
let arrived: Arrived | undefined;
beforeAll(async () => {
  server = createServer((request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split(/\?(.*)/s);
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      arrived = {
        method: request.method ?? '',
        path: path.split('/').slice(1).map(decodeURIComponent),
        query:
          query === ''
            ? []
            : query.split('&').map((pair) => pair.split('=').map(decodeURIComponent) as [string, string]),
        headers: request.headers,
        body,
      };
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server?.close();
});

/** Builds a request, sends it as it is, and gives what the server saw. */
async function send(source: HttpSource, args: object) {
  const { url, ...request } = buildRequest(
    parseHttpSource({ ...source, url: base + source.url }),
    args as Record<string, unknown>,
  );
  await fetch(url, request);
  return arrived as Arrived;
}

const EVIL = [
  '../', '..', '.', '../../admin', '..%2f', '%2e%2e', '%2e%2e%2f', '?x=1', '&x=1', '#', '#x', '//evil', '//evil.example/', '@evil', 'user@evil',
  '\\', '\\\\evil', '%00', '%0d%0aX: y', '\r\nX-Evil: 1', '\n', '\t', 'a b', '+', '%', '%zz', ';', '=', ',', ':', 'ünïcode', '日本', '\u202e', '😀',
  '{order}', '{{x}}', '${x}', '{"$arg":"/other"}', 'http://evil/', '__proto__', "'", '"', '<script>', '\u2028', '\u00a0', '﹒﹒／', '．．／',
]; // prettier-ignore
const text = fc.oneof(
  fc.constantFrom(...EVIL),
  fc
    .tuple(fc.constantFrom(...EVIL), fc.string({ maxLength: 8 }), fc.constantFrom(...EVIL))
    .map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 20 }).map((value) => value.toWellFormed().replaceAll('\0', '')),
);

const SOURCE = {
  method: 'POST',
  url: '/api/orders/{order}/lines/{line}',
  query: { fixed: 'yes', note: { $arg: '/note' } },
  headers: { 'x-tag': { $arg: '/tag' }, 'x-fixed': 'constant' },
  body: { kind: 'order', text: { $arg: '/text' }, list: [{ $arg: '/text' }, 'end'] },
} as const;

describe('[S55] an argument changes only its own slot', () => {
  it('in the path, the query, a header and the body', async () => {
    await fc.assert(
      fc.asyncProperty(text, text, text, text, text, async (order, line, note, tag, body) => {
        let seen: Arrived;
        try {
          seen = await send(SOURCE, { order, line, note, tag, text: body });
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_tool_arguments' });
          // Refused is only what has no place there: nothing or dots in a path, no printable ASCII in a header.
          const isDots = (value: string) => value === '' || value === '.' || value === '..';
          expect(isDots(order) || isDots(line) || !/^[\t\x20-\x7e]*$/.test(tag)).toBe(true);
          return;
        }
        expect(seen.method).toBe('POST');
        expect(seen.path).toEqual(['api', 'orders', order, 'lines', line]);
        expect(seen.query).toEqual([
          ['fixed', 'yes'],
          ['note', note],
        ]);
        expect(seen.headers['x-tag']).toBe(tag.replace(/^[ \t]+|[ \t]+$/g, ''));
        expect(seen.headers['x-fixed']).toBe('constant');
        expect(seen.headers).not.toHaveProperty('x-evil');
        expect(seen.headers.host).toBe(base.slice('http://'.length));
        expect(JSON.parse(seen.body)).toEqual({ kind: 'order', text: body, list: [body, 'end'] });
      }),
      { numRuns: 400 },
    );
  });

  it('in the query of a GET, named or not, and in a form', async () => {
    await fc.assert(
      fc.asyncProperty(text, text, async (value, other) => {
        const get = await send(
          { method: 'GET', url: '/find?fixed=1', query: { q: { $arg: '/q' } } },
          { q: value, other },
        );
        expect(get.path).toEqual(['find']);
        expect(get.query).toEqual([
          ['fixed', '1'],
          ['q', value],
          ['other', other],
        ]);
        const form = await send({ method: 'POST', url: '/form', bodyType: 'form' }, { a: value, b: other });
        expect([...new URLSearchParams(form.body)]).toEqual([
          ['a', value],
          ['b', other],
        ]);
      }),
      { numRuns: 200 },
    );
  });

  it('no name of an argument takes over a parameter that is fixed', () => {
    const build = (source: object, args: Record<string, unknown>) => () =>
      buildRequest(parseHttpSource({ method: 'GET', url: 'https://a.example/x?fixed=1', ...source }), args);
    const refused = expect.objectContaining({ code: 'invalid_tool_arguments' });
    expect(build({}, { fixed: '2' })).toThrow(refused);
    expect(build({ auth: { type: 'query', secret: 's', name: 'key' } }, { key: 'mine' })).toThrow(refused);
    expect(build({ query: { filter: { $arg: '/filter' } } }, { filter: { fixed: '2' } })).toThrow(refused);
    expect(build({ query: { a: 'x' } }, { a: 'y' })).toThrow(refused);
  });
});

describe('the form of a source', () => {
  const sent = (source: object, args: Record<string, unknown>) =>
    buildRequest(parseHttpSource({ method: 'GET', url: 'https://a.example/x', ...source }), args);

  it('sends what is not named as JSON body, or as query where there is none', () => {
    const url = 'https://a.example/orders/{order}';
    expect(sent({ url }, { order: 7, a: 1, list: [1, 2], none: null }).url).toBe(
      'https://a.example/orders/7?a=1&list=1&list=2',
    );
    for (const method of ['POST', 'PUT', 'PATCH'])
      expect(sent({ url, method }, { order: 7, a: 1 })).toEqual({
        method,
        url: 'https://a.example/orders/7',
        headers: { accept: expect.any(String), 'content-type': 'application/json' },
        body: '{"a":1}',
      });
    expect(sent({ url, method: 'DELETE' }, { order: 7, a: 1 }).url).toBe('https://a.example/orders/7?a=1');
  });

  it('knows the styles of OpenAPI', () => {
    const args = { s: 'a b', l: ['x', 'y,z'], o: { k: 1, m: { n: 'p' } } };
    const path = (style: string, explode: boolean, pointer: string) =>
      sent(
        { url: 'https://a.example/{v}', path: { v: { $arg: pointer, style, explode } }, query: {} },
        { [pointer.slice(1)]: args[pointer.slice(1) as 's'] },
      ).url.slice('https://a.example/'.length);
    expect(path('simple', false, '/l')).toBe('x,y%2Cz');
    expect(path('label', true, '/l')).toBe('.x.y%2Cz');
    expect(path('matrix', true, '/l')).toBe(';v=x;v=y%2Cz');
    expect(path('matrix', false, '/s')).toBe(';v=a%20b');
    expect(path('simple', true, '/o')).toBe('k=1,m=%7B%22n%22%3A%22p%22%7D');
    const query = (style: string, explode: boolean | undefined, name: 's' | 'l' | 'o') =>
      decodeURIComponent(
        sent(
          { query: { q: { $arg: `/${name}`, style, ...(explode !== undefined && { explode }) } } },
          { [name]: args[name] },
        ).url.slice(20),
      );
    expect(query('form', true, 'l')).toBe('q=x&q=y,z');
    expect(query('form', false, 'l')).toBe('q=x,y,z');
    expect(query('spaceDelimited', undefined, 'l')).toBe('q=x y,z');
    expect(query('pipeDelimited', undefined, 'l')).toBe('q=x|y,z');
    expect(query('deepObject', undefined, 'o')).toBe('q[k]=1&q[m][n]=p');
    expect(query('form', true, 'o')).toBe('k=1&m={"n":"p"}');
    expect(query('form', false, 'o')).toBe('q=k,1,m,{"n":"p"}');
  });

  it('leaves out what was not given', () => {
    const source = {
      method: 'POST',
      query: { q: { $arg: '/q' } },
      headers: { 'x-a': { $arg: '/a' } },
      body: { a: { b: { $arg: '/b' } } },
    };
    expect(sent(source, {})).toMatchObject({ url: 'https://a.example/x', body: '{"a":{}}' });
    expect(sent(source, {}).headers).not.toHaveProperty('x-a');
  });

  it('[S57] has no expressions: text that looks like one stays text', () => {
    const expression = "{{constructor.constructor('return process')()}}";
    const source = { method: 'POST', body: { fixed: expression, given: { $arg: '/x' } } };
    expect(JSON.parse(sent(source, { x: expression }).body ?? '')).toEqual({
      fixed: expression,
      given: expression,
    });
    const inherited = {
      method: 'POST',
      body: { a: { $arg: '/constructor/name' }, b: { $arg: '/__proto__/x' } },
    };
    expect(sent(inherited, {}).body).toBe('{}');
  });

  // prettier-ignore
  it.each([
    [{ method: 'TRACE' }, 'source.method'], [{ url: '/relative' }, 'source.url'], [{ url: 'https://{host}/x' }, 'source.url'],
    [{ url: 'https://a.example/x?y={z}' }, 'source.query'], [{ url: 'https://a.example/x#y' }, '#'], [{ url: 'https://a.example/../x' }, 'path'],
    [{ url: 'https://me@a.example/x' }, 'user'], [{ url: 'https://a.example/{x' }, 'closed'], [{ url: 'HTTPS://A.example/x' }, 'spelling'],
    [{ headers: { Host: 'b' } }, 'Host'], [{ headers: { Authorization: 'Bearer x' } }, 'secret'], [{ headers: { cookie: { $arg: '/c' } } }, 'secret'],
    [{ headers: { 'X-Forwarded-For': '1' } }, 'X-Forwarded-For'], [{ headers: { 'Transfer-Encoding': 'chunked' } }, 'Transfer-Encoding'],
    [{ headers: { 'Content-Type': { $arg: '/c' } } }, 'constant'], [{ headers: { 'a b': 'x' } }, 'name of a header'],
    [{ query: { q: { $arg: 'no-pointer' } } }, '$arg'], [{ query: { q: { $arg: '/q', more: 1 } } }, '$arg'], [{ path: { y: { $arg: '/y' } } }, 'source.path.y'],
    [{ body: {} }, 'GET'], [{ secret: 'a', auth: { type: 'bearer', secret: 'b' } }, 'exclude'], [{ unknown: 1 }, 'unknown'],
  ])('[S45] refuses %j', (change, named) => {
    const given = { method: 'GET', url: 'https://a.example/x', ...change };
    expect(() => parseHttpSource(given)).toThrow(expect.objectContaining({ code: 'invalid_tool_source', message: expect.stringContaining(named) }));
  });

  it('wants a place for every argument', () => {
    const contract = (names: string[]) =>
      ({
        inputSchema: { type: 'object', properties: Object.fromEntries(names.map((name) => [name, {}])) },
      }) as never;
    const source = parseHttpSource({
      method: 'POST',
      url: 'https://a.example/{id}',
      body: { a: { $arg: '/a/b' } },
    });
    expect(() => checkUse(source, contract(['id', 'a']))).not.toThrow();
    expect(() => checkUse(source, contract(['id']))).toThrow('uses a');
    expect(() => checkUse(source, contract(['id', 'a', 'lost']))).toThrow('lost');
  });
});
