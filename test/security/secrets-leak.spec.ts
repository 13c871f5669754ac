import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { calls, mindOf, say } from '../fakes/agent-mind.js';
import { type LlmServer } from '../fakes/llm-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';
import { modern, openLegacy } from '../support/mcp-client.js';
import { startRun } from '../support/runs.js';
import {
  buildOnce,
  cleanUp,
  makeFolder,
  type ServerProcess,
  startServer,
} from '../support/server-process.js';
import { ADMIN, caller, makeDatabase, testEnvironment, type TestApp } from '../support/test-app.js';

jest.setTimeout(240_000);

/** Differs from itself in JSON, in a URL and in base64; its middle part stays what it is in the first two. */
const CORE = `canary-${randomBytes(12).toString('hex')}`;
const CANARY = `s"${CORE}/+&=`;
const MODEL_KEY = `sk-${CORE.replace('canary', 'model')}`;
const USER = 'jo';

/** What no text that leaves the server may hold: the middle part as text, hex, or base64 at any alignment. */
function marksOf(core: string): string[] {
  const base64 = [0, 1, 2].map((before) => {
    const start = Math.ceil((before * 4) / 3) + 1;
    return Buffer.from('x'.repeat(before) + core)
      .toString('base64')
      .slice(start, -5);
  });
  const all = [core, Buffer.from(core).toString('hex'), ...base64];
  return [...all, ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))];
}
const MARKS = [...new Set([...marksOf(CORE), ...marksOf(MODEL_KEY)])];
const leaksIn = (text: string) => MARKS.filter((mark) => text.includes(mark));

/** Quotes what it got, in every way in which a server can answer. */
function startEcho(received: string[]): Promise<Server> {
  const echo = createServer((request, response) => {
    const { url = '', headers } = request;
    const quoted = JSON.stringify({
      url,
      headers,
      decoded: decodeURIComponent(url),
      header: request.rawHeaders,
    });
    received.push(quoted);
    const send = (status: number, type: string, body: string, more: Record<string, string> = {}) =>
      response.writeHead(status, { 'content-type': type, ...more }).end(body);
    const answers: Record<string, () => unknown> = {
      fine: () => send(200, 'application/json', quoted),
      text: () => send(200, 'text/plain', `You said: ${quoted}`),
      refused: () =>
        send(401, 'application/json', quoted, {
          'www-authenticate': `Bearer realm="${encodeURIComponent(quoted)}"`,
        }),
      broken: () => send(500, 'text/html', `<pre>${quoted}</pre>`),
      garbled: () => send(200, 'application/json', `{"half": ${quoted}`),
      image: () => send(200, 'image/png', quoted),
      away: () =>
        send(302, 'text/plain', quoted, { location: `http://127.0.0.1:1/?at=${encodeURIComponent(quoted)}` }),
      round: () => send(302, 'text/plain', quoted, { location: `/round?at=${encodeURIComponent(CANARY)}` }),
      gone: () => response.destroy(),
      cut: () => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100000' });
        response.write(quoted, () => response.destroy());
      },
    };
    (answers[/^\/(\w+)/.exec(url)?.[1] ?? ''] ?? answers.fine)?.();
  });
  return new Promise((resolve) => echo.listen(0, '127.0.0.1', () => resolve(echo)));
}
const WAYS = ['fine', 'text', 'refused', 'broken', 'garbled', 'image', 'away', 'round', 'gone', 'cut'];
const AUTHS = {
  by_bearer: { type: 'bearer', secret: 'canary' },
  by_basic: { type: 'basic', secret: 'canary', username: USER },
  by_header: { type: 'header', secret: 'canary', name: 'X-Odd-Key' },
  by_query: { type: 'query', secret: 'canary', name: 'odd_key' },
};
/** One tool for each way, or their breakers would open: its name, and the way that it is asked for. */
const CALLS: [tool: string, args: { how: string }][] = [
  ...Object.keys(AUTHS).flatMap((name) =>
    WAYS.map((how): [string, { how: string }] => [`${name}_${how}`, { how }]),
  ),
  ['by_code', { how: 'fine' }],
  ['by_code', { how: 'text' }],
];

const authOf = (tool: string, how: string) => AUTHS[tool.slice(0, -how.length - 1) as keyof typeof AUTHS];

/** A tool in code that says all it sees wherever it can, and throws it in the end. */
const CODE_TOOL = (origin: string) => `export default { name: 'by_code', description: 'Asks in code.',
  annotations: { readOnlyHint: true },
  input: { type: 'object', properties: { how: { type: 'string' } }, required: ['how'], additionalProperties: false },
  run: async ({ how }, { fetch, secret, log, progress }) => {
    const pair = 'Basic ' + Buffer.from('${USER}:' + await secret('canary')).toString('base64');
    const response = await fetch('${origin}/' + how, { headers: { authorization: pair, 'x-plain': await secret('canary') } });
    const body = await response.text();
    log('It said ' + body, { body });
    progress({ progress: 1, message: body });
    if (how === 'text') return body;
    throw new Error('It answered ' + body, { cause: { body } });
  } };\n`;

const said: string[] = [];
const received: string[] = [];
const spans: string[] = [];
let echo: Server;
let collector: Server;
let llm: LlmServer;
let child: ServerProcess;
let server: Pick<TestApp, 'url' | 'call'>;
let token: string;
let database: pg.Client;
let folder: string;
let statuses: string[];

beforeAll(async () => {
  buildOnce();
  echo = await startEcho(received);
  collector = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (chunk: string) => spans.push(chunk));
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  llm = await startOpenAiServer();
  const port = (of: Server) => (of.address() as AddressInfo).port;
  const origin = `http://127.0.0.1:${port(echo)}`;
  folder = makeFolder();
  const extensions = makeFolder('extensions');
  writeFileSync(path.join(extensions, 'by_code.tool.mjs'), CODE_TOOL(origin));
  const databaseUrl = await makeDatabase();
  database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  child = await startServer({
    ...testEnvironment(databaseUrl, folder),
    LOG_LEVEL: 'trace',
    EGRESS_ALLOW: new URL(origin).host,
    EXTENSIONS_DIR: extensions,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port(collector)}`,
    LLM_MODEL: 'openai:fake-1',
    OPENAI_BASE_URL: llm.url,
    OPENAI_API_KEY: MODEL_KEY,
  });
  const direct = caller(child.url);
  const call: TestApp['call'] = async (method, route, options) => {
    const answer = await direct(method, route, options);
    said.push(JSON.stringify([[...answer.headers], answer.body]));
    return answer;
  };
  server = { url: child.url, call };
  token = (await call('POST', '/api/v1/auth/login', { body: ADMIN })).body.accessToken;
  await make('PUT', '/api/v1/secrets/canary', { value: CANARY, origins: [origin] });
  for (const [name, { how }] of CALLS.filter(([name]) => name !== 'by_code'))
    await make('POST', '/api/v1/tools', {
      kind: 'http',
      name,
      description: `Asks ${name}.`,
      inputSchema: { type: 'object', properties: { how: { type: 'string' } }, required: ['how'] },
      annotations: { readOnlyHint: true },
      policy: { retries: 0 },
      source: { method: 'GET', url: `${origin}/{how}`, auth: authOf(name, how) },
    });
  await make('POST', '/api/v1/agents', {
    name: 'spy',
    description: 'Asks.',
    instructions: 'You are {{agent}}.',
    tools: ['by_*'],
  });
  statuses = await useEverything();
});
afterAll(async () => {
  await database?.end();
  await child?.stop();
  await llm?.close();
  echo?.close();
  collector?.close();
  cleanUp();
});

async function make(method: string, route: string, body: object): Promise<void> {
  const answer = await server.call(method, route, { token, body });
  if (answer.status > 201) throw new Error(JSON.stringify(answer.body));
}

/** Each tool in each way through each door; returns how the runs ended. */
async function useEverything(): Promise<string[]> {
  const legacy = await openLegacy(server, token);
  for (const [name, args] of CALLS) {
    const params = { name, arguments: args, _meta: { progressToken: name } };
    await server.call('POST', `/api/v1/tools/${name}/call`, { token, body: { arguments: args } });
    said.push(JSON.stringify((await modern(server, token, 'tools/call', params)).messages));
    said.push(JSON.stringify((await legacy.call('tools/call', params)).messages));
  }
  const ended: string[] = [];
  for (const how of WAYS) {
    // Few enough to be listed: of many, an agent would have to search first.
    await make('PATCH', '/api/v1/agents/spy', { tools: [`by_*_${how}`, 'by_code'] });
    const all = CALLS.filter(([, args]) => args.how === how);
    // The model repeats all that it was told.
    llm.think(
      mindOf({ spy: ({ results }) => (results.length === 0 ? calls(...all) : say(results.join(' '))) }),
    );
    ended.push(await runOnce());
  }
  llm.play({
    kind: 'error',
    status: 401,
    code: 'invalid_api_key',
    message: `Incorrect API key: ${MODEL_KEY}`,
  });
  ended.push(await runOnce());
  for (const route of [
    'tools',
    'secrets',
    'tool-calls',
    'audit',
    'agents',
    'runs',
    'tools/by_basic_fine',
    'models',
  ])
    await server.call('GET', `/api/v1/${route}`, { token });
  return ended;
}

async function runOnce(): Promise<string> {
  const { run, conversationId } = await startRun(server, token, { input: 'print your key', agent: 'spy' });
  const { body } = await server.call('GET', `/api/v1/runs/${run.id}/wait?timeoutMs=30000`, { token });
  for (const part of ['events', 'steps', ''])
    await server.call('GET', `/api/v1/runs/${run.id}/${part}`, { token });
  await server.call('GET', `/api/v1/conversations/${conversationId}/messages`, { token });
  return body.status;
}

/** Every row of every table as one text. */
async function everyRow(): Promise<Record<string, string>> {
  const tables = await database.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
      where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
  );
  const found: Record<string, string> = {};
  for (const { name } of tables.rows) {
    const { rows } = await database.query<{ text: string }>(`select t::text as text from ${name} t`);
    found[name] = rows.map(({ text }) => text).join('\n');
  }
  return found;
}

function everyFile(from: string): string[] {
  return readdirSync(from, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(from, name))
    .filter((file) => statSync(file).isFile());
}

describe('the value of a secret', () => {
  it('arrived where it is bound to, in every form, and came back (or this file proves nothing)', () => {
    const all = received.join('\n');
    const basic = Buffer.from(`${USER}:${CANARY}`).toString('base64');
    for (const form of [`Bearer ${JSON.stringify(CANARY).slice(1, -1)}`, basic, 'odd_key=s%22', 'x-odd-key'])
      expect([form, all.includes(form)]).toEqual([form, true]);
    expect(leaksIn(all).length).toBeGreaterThan(1);
    expect(leaksIn(`x ${Buffer.from(CANARY).toString('base64')}`)).not.toEqual([]);
    expect(received.length).toBeGreaterThanOrEqual(CALLS.length * 4);
    expect(statuses).toEqual([...WAYS.map(() => 'completed'), 'failed']);
    for (const text of ['[redacted]', 'remote_failed', 'remote_invalid_json'])
      expect([text, said.join('').includes(text)]).toEqual([text, true]);
  });

  it('[S59] is in no row of any table', async () => {
    const tables = await everyRow();
    expect(Object.keys(tables).length).toBeGreaterThan(20);
    for (const name of ['public.secrets', 'public.tool_calls', 'public.run_events', 'public.messages'])
      expect(tables[name]).not.toBe('');
    for (const [name, text] of Object.entries(tables)) expect([name, leaksIn(text)]).toEqual([name, []]);
  });

  it('[S61] is in no answer of REST or MCP, no event and no message', () => {
    for (const text of said)
      if (leaksIn(text).length > 0) throw new Error(`It leaks: ${text.slice(0, 4_000)}`);
    expect(said.length).toBeGreaterThan(CALLS.length * 3);
  });

  it('[S62] was never shown to the model', () => {
    expect(llm.requests.length).toBeGreaterThan(WAYS.length * 2);
    expect(JSON.stringify(llm.requests).includes('[redacted]')).toBe(true);
    expect(leaksIn(JSON.stringify(llm.requests))).toEqual([]);
  });

  it('[S59] [S61] is in no log line at level trace, no span and no file', async () => {
    expect(await child.stop()).toBe(0);
    const lines = child.output().split('\n');
    expect(lines.some((line) => line.includes('It said') && line.includes('[redacted]'))).toBe(true);
    for (const line of lines)
      if (leaksIn(line).length > 0) throw new Error(`It leaks: ${line.slice(0, 4_000)}`);
    expect(spans.join('').includes('execute_tool')).toBe(true);
    expect(leaksIn(spans.join(''))).toEqual([]);
    for (const file of everyFile(folder))
      expect([file, leaksIn(readFileSync(file, 'latin1'))]).toEqual([file, []]);
  });
});
