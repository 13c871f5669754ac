import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/test-app.js';

let server: TestApp;
let token: string;
let port: number;
beforeAll(async () => {
  server = await startTestApp({ ALLOWED_HOSTS: 'assistant.example.com' });
  token = await server.login();
  port = Number(new URL(server.url).port);
});
afterAll(() => server?.stop());

const ROUTE = '/api/v1/conversations';
const count = async () => (await server.sql('select id from conversations')).length;

/** Sends bytes as they are. */
async function post(body: Buffer | string, headers: Record<string, string> = {}) {
  const response = await fetch(server.url + ROUTE, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body,
  });
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: (await response.json()) as { code: string },
  };
}

/** Writes a request on a socket and reads until the server closes or, once it has answered, falls silent. */
async function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setTimeout(20_000, () => socket.destroy());
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      socket.setTimeout(1500);
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

describe('bodies that are refused', () => {
  const cases: [string, Buffer | string, number, string][] = [
    ['[S30] 5 MiB', `{"title":"${'x'.repeat(5 << 20)}"}`, 413, 'body_too_large'],
    ['[S31] 33 levels', nested(33), 400, 'json_limits'],
    ['[S31] 20,000 levels', nested(20_000), 400, 'json_limits'],
    ['[S31] 100,000 values', `[${'0,'.repeat(100_000)}0]`, 400, 'json_limits'],
    [
      '[S31] 20,000 keys',
      `{${Array.from({ length: 20_000 }, (_, i) => `"k${i}":0`).join()}}`,
      400,
      'json_limits',
    ],
    ['[S32] invalid UTF-8', Buffer.from('7b227469746c65223a22ff227d', 'hex'), 400, 'invalid_json'],
    ['[S32] NUL', '{"title":"a\\u0000b"}', 400, 'invalid_json'],
    ['[S32] NUL in a name', '{"metadata":{"a\\u0000":"b"}}', 400, 'invalid_json'],
    ['[S32] a lone surrogate', '{"title":"\\ud800"}', 400, 'invalid_json'],
    ['[S32] a number beyond all', '{"title":1e400}', 400, 'invalid_json'],
    ['[S32] a byte order mark', '\ufeff{}', 400, 'invalid_json'],
    ['[S32] a broken text', '{"title":', 400, 'invalid_json'],
    ['[S33] __proto__', '{"__proto__":{"isAdmin":true}}', 400, 'invalid_json'],
    [
      '[S33] constructor, deep',
      '{"metadata":{"constructor":{"prototype":{"isAdmin":true}}}}',
      400,
      'invalid_json',
    ],
    ['an unknown property', '{"role":"admin"}', 400, 'invalid_request'],
    ['a wrong type', '{"title":7}', 400, 'invalid_request'],
    ['no object', '[]', 400, 'invalid_request'],
    ['nothing', '', 400, 'invalid_request'],
  ];

  it.each(cases)('%s', async (_name, body, status, code) => {
    const before = await count();
    const answer = await post(body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.type).toContain('application/problem+json');
    expect(await count()).toBe(before);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it('the unknown property is named, in a body and in a query', async () => {
    const errors = [{ field: 'role', message: expect.stringContaining('is not known here') }];
    expect((await post('{"role":"admin"}')).body).toMatchObject({ errors });
    expect((await server.call('GET', `${ROUTE}?role=admin`, { token })).body).toMatchObject({ errors });
  });

  it.each([
    ['text/plain'],
    ['application/x-www-form-urlencoded'],
    ['multipart/form-data; boundary=x'],
    ['application/json garbage'],
    ['application/json\tx'],
    ['application/jsonx'],
    ['application/json; charset=utf-16'],
    ['application/json, text/plain'],
  ])('[S77] Content-Type %j', async (type) => {
    const answer = await post('{}', { 'content-type': type });
    expect([answer.status, answer.body.code]).toEqual([415, 'unsupported_media_type']);
  });

  it('[S30] compressed', async () => {
    const answer = await post(gzipSync('{}'), { 'content-encoding': 'gzip' });
    expect([answer.status, answer.body.code]).toEqual([415, 'unsupported_media_type']);
  });

  it('[S30] too large without a Content-Length', async () => {
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const answer = await raw(
      `POST ${ROUTE} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\n` +
        `content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(5)}0\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('[S77] is not read twice: a good body with a charset passes', async () => {
    expect((await post('{"title":"ok"}', { 'content-type': 'application/json; charset=utf-8' })).status).toBe(
      201,
    );
  });
});

describe('queries that are refused', () => {
  it.each([
    ['limit=0'],
    ['limit=101'],
    ['limit=-1'],
    ['limit=1e1'],
    ['limit=5&limit=6'],
    ['unknown=1'],
    ['archived=yes'],
    ['cursor=made-up'],
    ['q=%00'],
    ['__proto__[isAdmin]=1'],
  ])('%s', async (query) => {
    const answer = await server.call('GET', `${ROUTE}?${query}`, { token });
    expect([query, answer.status]).toEqual([query, 400]);
  });

  it.each([['not-a-uuid'], ['%00'], ['..%2f..%2fetc'], ['%'], ["1'or'1'='1"]])('the id %s', async (id) => {
    const answer = await server.call('GET', `${ROUTE}/${id}`, { token });
    expect([400, 404]).toContain(answer.status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });
});

describe('[S42] Host', () => {
  const status = async (host: string, route = '/api/status') =>
    Number(
      /^HTTP\/1\.1 (\d+)/.exec(
        await raw(`GET ${route} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`),
      )?.[1],
    );

  it.each([
    ['localhost'],
    ['localhost:8000'],
    ['127.0.0.1:1'],
    ['[::1]:8000'],
    ['assistant.example.com'],
    ['ASSISTANT.example.com:443'],
  ])('serves %s', async (host) => expect(await status(host)).toBe(200));

  it.each([
    ['evil.example'],
    ['127.0.0.1.evil.example'],
    ['localhost:1@evil.example'],
    ['evil.example#localhost'],
    ['localhost/evil'],
    ['0.0.0.0'],
    [''],
    ['assistant.example.com.evil.example'],
  ])('refuses %j', async (host) => expect([400, 403]).toContain(await status(host)));

  it('exempts health routes only', async () => {
    expect(await status('10.0.0.7', '/health/live')).toBe(200);
    expect(await status('10.0.0.7', '/healthy')).toBe(403);
    expect(await status('10.0.0.7', '/health/../api/status')).not.toBe(200);
  });
});

describe('[S36] the request line and framing', () => {
  const cases: [string, string][] = [
    ['two Hosts', 'GET /api/status HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\n\r\n'],
    ['two equal Hosts', 'GET /api/status HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n\r\n'],
    ['no Host', 'GET /api/status HTTP/1.1\r\n\r\n'],
    ['absolute form', 'GET http://evil.example/api/status HTTP/1.1\r\nhost: localhost\r\n\r\n'],
    ['absolute form of our own', 'GET http://localhost/api/status HTTP/1.1\r\nhost: localhost\r\n\r\n'],
    [
      'two lengths',
      `POST ${ROUTE} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}`,
    ],
    [
      'a length and chunks',
      `POST ${ROUTE} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'chunks in disguise',
      `POST ${ROUTE} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n`,
    ],
    ['a folded header', 'GET /api/status HTTP/1.1\r\nhost: localhost\r\nx-a: b\r\n c: d\r\n\r\n'],
    ['a space before the colon', 'GET /api/status HTTP/1.1\r\nhost : localhost\r\n\r\n'],
  ];

  it.each(cases)('refuses %s, and answers once', async (_name, text) => {
    // What follows would be a smuggled request if the first one were understood in two ways.
    const answer = await raw(text);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.match(/HTTP\/1\.1 \d{3} /g)).toHaveLength(1);
  });
});
