import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { NameResolver } from '../../src/platform/egress/name-resolver.js';
import { type LlmServer } from '../fakes/llm-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const API_KEY = 'sk-canary-in-the-environment';
/** What a LangChain loader would make a secret of. */
const LOADABLE = { lc: 1, type: 'secret', id: ['OPENAI_API_KEY'] };
const CANARY = 'text-of-the-remote-server';

let llm: LlmServer;
let remote: Server;
let inside: Server;
let hits = 0;
let app: TestApp;
let token: string;

const listen = (server: Server) =>
  new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );

beforeAll(async () => {
  llm = await startOpenAiServer();
  inside = createServer((_, response) => {
    hits += 1;
    response.end(CANARY);
  });
  remote = createServer((request, response) => answer(request.url ?? '/', response));
  const port = await listen(remote);
  app = await startTestApp({
    LLM_MODEL: 'openai:fake-1',
    OPENAI_BASE_URL: llm.url,
    OPENAI_API_KEY: API_KEY,
    EGRESS_ALLOW: `127.0.0.1:${port}`,
  });
  token = await app.login();
  for (const name of ['json', 'binary', 'broken', 'bomb', 'empty', 'cut', 'loop', 'failing'])
    await made('/api/v1/tools', {
      name: `remote_${name}`,
      kind: 'http',
      title: name,
      description: `Reads ${name}.`,
      inputSchema: { type: 'object', properties: {} },
      annotations: { readOnlyHint: true, openWorldHint: true },
      policy: { retries: 0 },
      source: { method: 'GET', url: `http://127.0.0.1:${port}/${name}` },
    });
  await app.call('PATCH', '/api/v1/tools/http_request', { token, body: { enabled: true } });
});
afterAll(async () => {
  await app?.stop();
  await llm?.close();
  remote.close();
  inside.close();
});

function answer(url: string, response: ServerResponse): void {
  const json = { 'content-type': 'application/json' };
  if (url === '/json') response.writeHead(200, json).end(JSON.stringify({ data: LOADABLE }));
  else if (url === '/binary')
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(CANARY);
  else if (url === '/broken') response.writeHead(200, json).end(`{"a": ${CANARY}`);
  else if (url === '/bomb')
    response.writeHead(200, { ...json, 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(64 << 20)));
  else if (url === '/empty') response.writeHead(204).end();
  else if (url === '/cut') {
    response.writeHead(200, json).write(`{"a": "${CANARY}`);
    setTimeout(() => response.destroy(), 50);
  } else if (url === '/loop') response.writeHead(302, { location: '/loop' }).end();
  else response.writeHead(500, json).end(JSON.stringify({ error: CANARY }));
}

async function made(route: string, body: object): Promise<void> {
  const { status, body: problem } = await app.call('POST', route, { token, body });
  expect([status, status === 201 ? undefined : problem]).toEqual([201, undefined]);
}

/** Every TCP connection that this process begins, as `address:port`. */
function watchConnections(): { readonly seen: string[]; stop(): void } {
  const seen: string[] = [];
  const emit: (event: string, ...parts: unknown[]) => boolean = Reflect.get(Socket.prototype, 'emit');
  const spy = jest.spyOn(Socket.prototype, 'emit').mockImplementation(function (
    this: Socket,
    event: string,
    ...parts: unknown[]
  ) {
    if (event === 'connectionAttempt') seen.push(`${String(parts[0])}:${String(parts[1])}`);
    return emit.call(this, event, ...parts);
  });
  return { seen, stop: () => spy.mockRestore() };
}

async function call(tool: string, args: object = {}) {
  const { body } = await app.call('POST', `/api/v1/tools/${tool}/call`, { token, body: { arguments: args } });
  const text = (body.content ?? []).map((block: { text: string }) => block.text).join('\n') as string;
  return { ...body, text: text.replace(/ \(ref .*\)$/, '') };
}

describe('what a remote server answers', () => {
  it('[S54] an address inside says nothing of itself: open, closed, filtered and unknown are the same', async () => {
    const open = await listen(inside);
    const probe = createSocketServer();
    const closed = await new Promise<number>((resolve) =>
      probe.listen(0, '127.0.0.1', () => resolve((probe.address() as AddressInfo).port)),
    );
    await new Promise((resolve) => probe.close(resolve));
    const seen = new Set<string>();
    for (const host of [
      ...[`127.0.0.1:${open}`, `127.0.0.1:${closed}`, 'localhost', '10.255.255.1', '169.254.169.254'],
      ...['192.168.0.1', '[::1]', 'nowhere.invalid'],
    ]) {
      const { isError, errorCode, text } = await call('http_request', { url: `https://${host}/` });
      seen.add(JSON.stringify({ isError, errorCode, text }));
    }
    expect([...seen]).toHaveLength(1);
    expect(JSON.parse([...seen][0] ?? '{}')).toMatchObject({ isError: true, errorCode: 'egress_denied' });
    expect(hits).toBe(0);
  });

  it('[S54] nor does the time it takes: by construction, no connection to it is begun, whatever its port is', async () => {
    const resolver = app.app.get(NameResolver, { strict: false });
    const { lookup } = resolver;
    resolver.lookup = (name, wanted, callback) =>
      name.endsWith('.inside.example')
        ? callback(null, [{ address: '127.66.0.1', family: 4 }])
        : lookup.call(resolver, name, wanted, callback);
    const attempts = watchConnections();
    try {
      // Open, closed and filtered ports differ only to whoever connects.
      for (const host of ['127.66.0.1', '127.66.0.1:8443', '10.255.255.1', '169.254.169.254', '[::1]:8443'])
        expect(await call('http_request', { url: `https://${host}/` })).toMatchObject({ isError: true });
      for (const host of ['a.inside.example', 'b.inside.example:8443'])
        expect(await call('http_request', { url: `https://${host}/` })).toMatchObject({ isError: true });
      await call('remote_json');
      const { port } = remote.address() as AddressInfo;
      expect(attempts.seen).toContain(`127.0.0.1:${port}`);
      const inside = attempts.seen.filter((address) => /^(?:127\.66\.|10\.|169\.|::1:)/.test(address));
      expect(inside).toEqual([]);
    } finally {
      attempts.stop();
      resolver.lookup = lookup;
    }
  });

  it.each([
    ['[S54] another content type', 'remote_binary'],
    ['[R21] broken JSON', 'remote_broken'],
    ['[R21] a body that is cut off', 'remote_cut'],
    ['[R21] a redirect without end', 'remote_loop'],
    ['[R21] an error with a body', 'remote_failing'],
    ['[R20] a gzip bomb', 'remote_bomb'],
  ])('%s is an error without a word of the answer', async (_title, tool) => {
    const { isError, errorCode, text } = await call(tool);
    expect(isError).toBe(true);
    expect(errorCode).toMatch(/^(?:egress|remote|tool)_/);
    expect(text).not.toContain(CANARY);
    expect(text.length).toBeLessThan(300);
  });

  it('[R21] no content is no error', async () => {
    expect((await call('remote_empty')).isError).toBe(false);
  });
});

describe('[S58] data in the form of a serialised object', () => {
  it('stays data as arguments and as a result, through the API', async () => {
    expect((await call('remote_json')).structuredContent).toEqual({ data: LOADABLE });
    const json = JSON.stringify({ data: LOADABLE });
    expect((await call('json_query', { json, path: '/data' })).structuredContent.values).toEqual([LOADABLE]);
  });

  it('stays data from the model to the tool and back, in steps and events', async () => {
    await made('/api/v1/agents', {
      name: 'reader',
      description: 'Reads',
      instructions: 'Read.',
      tools: ['json_query', 'remote_json'],
    });
    const args = { json: JSON.stringify({ data: LOADABLE }), path: '/data' };
    llm.play(
      {
        kind: 'reply',
        calls: [
          { name: 'json_query', args },
          { name: 'remote_json', args: {} },
        ],
      },
      { kind: 'reply', text: JSON.stringify(LOADABLE) },
    );
    const run = await app.call('POST', '/api/v1/runs', { token, body: { input: 'Read', agent: 'reader' } });
    const route = `/api/v1/runs/${run.body.id}`;
    const ended = (await app.call('GET', `${route}/wait?timeoutMs=20000`, { token })).body;
    expect(ended).toMatchObject({ status: 'completed', output: { text: JSON.stringify(LOADABLE) } });
    const steps = (await app.call('GET', `${route}/steps`, { token })).body.items;
    const tools = steps.filter(({ kind }: { kind: string }) => kind === 'tool');
    expect(tools).toHaveLength(2);
    expect(tools.find(({ name }: { name: string }) => name === 'json_query').request).toEqual(args);
    for (const { result } of tools) expect(result.text).toContain('OPENAI_API_KEY');
    const rows = await app.sql('select data from run_events where run_id = $1', [run.body.id]);
    expect(JSON.stringify([ended, steps, rows, llm.requests])).not.toContain(API_KEY);
  });
});
