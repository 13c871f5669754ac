import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addMember } from '../support/accounts.js';
import { writeFixtureTools } from '../support/fixture-tools.js';
import { modern, MODERN, openLegacy, postMcp } from '../support/mcp-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-ext-'));
let server: TestApp;
let token: string;
beforeAll(async () => {
  server = await startTestApp({
    EXTENSIONS_DIR: writeFixtureTools(folder),
    ALLOWED_ORIGINS: 'https://app.example.com',
  });
  token = await server.login();
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const PING = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';

/** Sends bytes as they are, for what no HTTP client would send. Resolves with the status line. */
function raw(headers: string[], body = PING): Promise<string> {
  const { port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () =>
      socket.write(
        [
          'POST /mcp HTTP/1.1',
          ...headers,
          `authorization: Bearer ${token}`,
          'content-type: application/json',
          'accept: application/json, text/event-stream',
          `content-length: ${Buffer.byteLength(body)}`,
          'connection: close',
          '',
          body,
        ].join('\r\n'),
      ),
    );
    let answer = '';
    socket.on('data', (chunk) => (answer += String(chunk)));
    socket.on('close', () => resolve(answer.split('\r\n')[0] ?? ''));
    socket.on('error', reject);
  });
}

describe('[S42] Host and Origin', () => {
  it.each([
    ['127.0.0.1', 400],
    ['localhost:8000', 400],
    ['[::1]:8000', 400],
    ['evil.example', 403],
    ['127.0.0.1.evil', 403],
    ['localhost:1@evil', 403],
    ['', 403],
  ])('Host %s is answered %i', async (host, status) => {
    // A served Host gets as far as the era router, which misses the session.
    expect(await raw([`host: ${host}`])).toContain(` ${status} `);
  });

  it('two Hosts are refused', async () => {
    expect(await raw(['host: 127.0.0.1', 'host: 127.0.0.1'])).toContain(' 400 ');
    expect(await raw(['host: 127.0.0.1', 'host: evil.example'])).toContain(' 400 ');
  });

  it.each([
    [undefined, 200],
    ['https://app.example.com', 200],
    ['http://localhost:6274', 200],
    ['http://127.0.0.1:3000', 200],
    ['null', 403],
    ['https://evil.example', 403],
    ['http://127.0.0.1.evil', 403],
    ['http://localhost.evil.example', 403],
    ['http://localhost:1@evil', 403],
    ['https://app.example.com.evil.example', 403],
    ['file://', 403],
  ])('Origin %s is answered %i', async (origin, status) => {
    const answer = await modern(server, token, 'tools/list', {}, { headers: origin ? { origin } : {} });
    expect(answer.status).toBe(status);
    if (status === 403)
      expect(answer.body).toMatchObject({ jsonrpc: '2.0', error: { data: { code: 'origin_not_allowed' } } });
  });

  it('lets browsers of allowed origins read what they need', async () => {
    const preflight = await fetch(`${server.url}/mcp`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example.com',
        'access-control-request-method': 'POST',
        'access-control-request-headers':
          'authorization,content-type,mcp-session-id,mcp-protocol-version,mcp-method',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('mcp-session-id');
    const answer = await modern(
      server,
      token,
      'tools/list',
      {},
      { headers: { origin: 'https://app.example.com' } },
    );
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
    for (const name of ['Mcp-Session-Id', 'WWW-Authenticate', 'Mcp-Protocol-Version'])
      expect(answer.headers.get('access-control-expose-headers')).toContain(name);
    expect(answer.headers.get('x-request-id')).toBeTruthy();
  });
});

describe('[S30] bodies', () => {
  const send = (body: string | Buffer | ReadableStream, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/mcp`, {
      method: 'POST',
      body,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      },
      duplex: 'half',
    });
  const code = async (answer: Response) => ((await answer.json()) as { error: { code: number } }).error.code;

  it.each([
    ['malformed', '{"jsonrpc"', 400, -32700],
    ['empty', '', 400, -32700],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400, -32700],
    ['with a prototype key', '{"jsonrpc":"2.0","id":1,"method":"x","params":{"__proto__":{}}}', 400, -32700],
    ['too deep', '['.repeat(40) + ']'.repeat(40), 400, -32600],
    [
      'a batch of 101',
      JSON.stringify(Array.from({ length: 101 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' }))),
      400,
      undefined,
    ],
  ])('that are %s are JSON-RPC errors', async (_name, body, status, expected) => {
    const answer = await send(body);
    expect(answer.status).toBe(status);
    const actual = await code(answer);
    if (expected !== undefined) expect(actual).toBe(expected);
    else expect(actual).toBeLessThan(0);
  });

  it('over 1 MiB are 413, also without a length; compressed and other types are 415', async () => {
    const large = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'x',
      params: { text: 'x'.repeat(5 << 20) },
    });
    const sized = await send(large);
    expect([sized.status, await code(sized)]).toEqual([413, -32000]);
    const chunks = new ReadableStream({
      start(controller) {
        for (let at = 0; at < large.length; at += 65_536)
          controller.enqueue(new TextEncoder().encode(large.slice(at, at + 65_536)));
        controller.close();
      },
    });
    const unsized = await send(chunks).catch((error: Error) => error);
    if (unsized instanceof Response) expect(unsized.status).toBe(413);
    const zipped = await send(gzipSync(PING), { 'content-encoding': 'gzip' });
    expect([zipped.status, await code(zipped)]).toEqual([415, -32000]);
    const text = await send(PING, { 'content-type': 'text/plain' });
    expect([text.status, await code(text)]).toEqual([415, -32000]);
  });

  it('between 256 KiB and 1 MiB are read', async () => {
    const answer = await modern(server, token, 'tools/call', {
      name: 'echo',
      arguments: { text: 'x'.repeat(400 << 10) },
    });
    expect(answer.status).toBe(200);
  });
});

describe('[S43] revision 2026-07-28', () => {
  it('compares headers with the body, also an encoded name', async () => {
    const params = { name: 'echo', arguments: { text: 'x' } };
    const call = (headers: Record<string, string>) =>
      modern(server, token, 'tools/call', params, { headers });
    for (const [name, value] of [
      ['mcp-name', 'fails'],
      ['mcp-method', 'tools/list'],
    ] as const) {
      const answer = await call({ [name]: value });
      expect([answer.status, answer.body.error.code]).toEqual([400, -32020]);
    }
    const encoded = `=?base64?${Buffer.from('echo').toString('base64')}?=`;
    expect((await call({ 'mcp-name': encoded })).body.result.content[0].text).toBe('x');
  });

  it('answers what it does not know as the revision says', async () => {
    const removed = await modern(server, token, 'ping');
    expect([removed.status, removed.body.error.code]).toEqual([404, -32601]);
    const version = await postMcp(
      server,
      token,
      {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/list',
        params: {
          _meta: {
            'io.modelcontextprotocol/protocolVersion': '2031-01-01',
            'io.modelcontextprotocol/clientCapabilities': {},
          },
        },
      },
      { 'mcp-protocol-version': '2031-01-01', 'mcp-method': 'tools/list' },
    );
    expect([version.status, version.body.error.code]).toEqual([400, -32022]);
    expect(version.body.error.data.supported).toContain(MODERN);
    for (const method of ['GET', 'DELETE']) {
      const answer = await fetch(`${server.url}/mcp`, {
        method,
        headers: { authorization: `Bearer ${token}` },
      });
      expect(answer.status).toBe(405);
    }
  });

  it('cancels a call when its stream is closed', async () => {
    const waits = globalThis as { waitsStarted?: number; waitsCancelled?: number };
    const { waitsStarted = 0, waitsCancelled = 0 } = waits;
    const abort = new AbortController();
    const call = fetch(`${server.url}/mcp`, {
      method: 'POST',
      signal: abort.signal,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': MODERN,
        'mcp-method': 'tools/call',
        'mcp-name': 'waits',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: {
          name: 'waits',
          arguments: {},
          _meta: {
            'io.modelcontextprotocol/protocolVersion': MODERN,
            'io.modelcontextprotocol/clientCapabilities': {},
          },
        },
      }),
    }).catch(() => undefined);
    for (let tries = 0; tries < 100 && waits.waitsStarted !== waitsStarted + 1; tries += 1) await wait(50);
    abort.abort();
    await call;
    for (let tries = 0; tries < 100 && waits.waitsCancelled !== waitsCancelled + 1; tries += 1)
      await wait(50);
    expect(waits.waitsCancelled).toBe(waitsCancelled + 1);
  });
});

describe('[S47] the state of a call that asked its client', () => {
  const ask = (what: string, more: Record<string, unknown> = {}, credential = token) =>
    modern(
      server,
      credential,
      'tools/call',
      { name: 'confirm', arguments: { what }, ...more },
      { capabilities: { elicitation: {} } },
    );
  const yes = { sure: { action: 'accept', content: { yes: true } } };

  it('goes on with the answers, and records each round', async () => {
    const first = await ask('a');
    expect(first.body.result).toMatchObject({ resultType: 'input_required' });
    expect(first.body.result.inputRequests.sure.method).toBe('elicitation/create');
    const { requestState } = first.body.result;
    const second = await ask('a', { inputResponses: yes, requestState });
    expect(second.body.result.content[0].text).toBe('a:true');
    const rows = await server.sql(
      `select status, error_code from tool_calls where tool = 'confirm' order by id`,
    );
    expect(rows).toEqual([
      { status: 'completed', error_code: 'input_required' },
      { status: 'completed', error_code: null },
    ]);
  });

  it('is refused with one bit changed, for other arguments and from another user', async () => {
    const { requestState } = (await ask('a')).body.result;
    const flipped =
      requestState.slice(0, -2) + (requestState.at(-2) === 'A' ? 'B' : 'A') + requestState.slice(-1);
    const other = (await addMember(server)).token;
    for (const answer of [
      await ask('a', { inputResponses: yes, requestState: flipped }),
      await ask('b', { inputResponses: yes, requestState }),
      await ask('a', { inputResponses: yes, requestState }, other),
    ]) {
      expect(answer.body.error).toMatchObject({ code: -32602, message: 'Invalid or expired requestState' });
    }
  });

  it('asks again for an answer of another form, and needs the capability', async () => {
    const wrong = await ask('a', {
      inputResponses: { sure: { action: 'accept', content: { yes: 'maybe' } } },
    });
    expect(wrong.body.result.resultType).toBe('input_required');
    const unable = await modern(server, token, 'tools/call', { name: 'confirm', arguments: { what: 'a' } });
    expect([unable.status, unable.body.error.code]).toEqual([400, -32021]);
    const legacy = await openLegacy(server, token);
    const told = await legacy.call('tools/call', { name: 'confirm', arguments: { what: 'a' } });
    expect(told.body.result).toMatchObject({ isError: true });
    expect(told.body.result.content[0].text).toContain('does not support elicitation');
  });
});
