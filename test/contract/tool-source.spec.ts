import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeReportingDatabase, writeDatabaseList } from '../support/read-only-database.js';
import { makeAgents, TracedTools } from '../support/run-tools.js';
import { warmUp } from '../support/runs.js';
import { until } from '../support/server-process.js';
import { startTestApp } from '../support/test-app.js';
import { describeToolSourceContract } from './tool-source.js';

const counter = globalThis as { hangingTools?: number };

const TOOLS = {
  greet: `{ name: 'greet', description: 'Greets someone.',
    input: { type: 'object', properties: { who: { type: 'string' } }, required: ['who'], additionalProperties: false },
    run: ({ who }) => 'Hello ' + who }`,
  hang: `{ name: 'hang', description: 'Waits for ever.', input: { type: 'object', properties: {} },
    run: (_args, { signal }) => new Promise((_, reject) => {
      globalThis.hangingTools = (globalThis.hangingTools ?? 0) + 1;
      signal.addEventListener('abort', () => { globalThis.hangingTools -= 1; reject(signal.reason); });
    }) }`,
  fail: `{ name: 'fail', description: 'Fails.', input: { type: 'object', properties: {} },
    run: () => { throw new Error('canary select * from users'); } }`,
  long: `{ name: 'long', description: 'Says much.', input: { type: 'object', properties: {} },
    run: () => 'x'.repeat(10_000) }`,
};

describeToolSourceContract('code', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-tools-'));
  for (const [name, text] of Object.entries(TOOLS))
    writeFileSync(path.join(folder, `${name}.tool.mjs`), `export default ${text};\n`);
  return {
    server: await startTestApp({ EXTENSIONS_DIR: folder }),
    tool: 'greet',
    arguments: { who: 'Ada' },
    answer: 'Hello Ada',
    wrongArguments: { whom: 'Ada' },
    hanging: { tool: 'hang', arguments: {}, isRunning: () => (counter.hangingTools ?? 0) > 0 },
    failing: { tool: 'fail', arguments: {}, hidden: 'canary' },
    large: { tool: 'long', arguments: {} },
  };
});

describeToolSourceContract('sql', async () => {
  const reporting = await makeReportingDatabase();
  const SQL_DATABASES_FILE = writeDatabaseList({
    reporting: { url: reporting.url, functions: ['pg_catalog.pg_sleep'] },
  });
  const server = await startTestApp({ SQL_DATABASES_FILE });
  const token = await server.login();
  const make = async (name: string, query: string, properties: object = {}) => {
    const parameters = Object.keys(properties);
    const body = {
      kind: 'sql',
      name,
      description: `Asks the orders: ${name}.`,
      inputSchema: { type: 'object', properties, required: parameters, additionalProperties: false },
      source: { database: 'reporting', query, parameters },
      annotations: { readOnlyHint: true },
    };
    const answer = await server.call('POST', '/api/v1/tools', { token, body });
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  };
  await make('order_by_id', 'select customer, total from orders where id = $1', { id: { type: 'integer' } });
  await make('slow_orders', 'select pg_sleep(60) is null as slept');
  await make('cast_order', 'select $1::text::uuid as id', { text: { type: 'string' } });
  await make('many_orders', 'select n, repeat($1, 50) as text from generate_series(1, 1000) as n', {
    text: { type: 'string' },
  });
  return {
    server,
    tool: 'order_by_id',
    arguments: { id: 1 },
    answer: '12.5000000001',
    wrongArguments: { id: '1; drop table orders' },
    hanging: {
      tool: 'slow_orders',
      arguments: {},
      isRunning: async () =>
        (
          await reporting.sql(`select from pg_stat_activity where usename = $1 and state = 'active'`, [
            reporting.role,
          ])
        ).length > 0,
    },
    failing: { tool: 'cast_order', arguments: { text: 'canary' }, hidden: 'canary' },
    large: { tool: 'many_orders', arguments: { text: 'x' } },
    stop: reporting.stop,
  };
});

describeToolSourceContract(
  'agent',
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-agents-'));
    const tools = new TracedTools(folder);
    const server = await startTestApp({ EXTENSIONS_DIR: tools.extensions });
    await warmUp();
    const token = await server.login();
    tools.hold();
    await makeAgents(server, token);
    const isOffered = async () =>
      (await server.call('GET', '/api/v1/tools/ask_clerk', { token })).status === 200;
    await until('ask_clerk is offered', isOffered);
    return {
      server,
      tool: 'ask_analyst',
      arguments: { task: 'What is 6 * 7?' },
      answer: '42',
      wrongArguments: { question: 'What is 6 * 7?' },
      hanging: {
        tool: 'ask_clerk',
        arguments: { task: 'Append the note "x" to the ledger.' },
        isRunning: async () =>
          (await server.sql(`select from runs where agent = 'clerk' and status in ('running', 'cancelling')`))
            .length > 0,
      },
    };
  },
  {
    failing: 'a run says itself what went wrong',
    large: 'its answer is as long as a model makes it',
  },
);

/** A server that greets, hangs, fails and says much, by its path; and how many of its answers are open. */
async function startRemote() {
  const open = new Set<ServerResponse>();
  const remote = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://remote');
    open.add(response);
    response.on('close', () => open.delete(response));
    if (pathname === '/hang') return;
    response.writeHead(pathname === '/fail' ? 500 : 200, { 'content-type': 'text/plain' });
    if (pathname === '/fail') response.end('canary select * from users');
    else response.end(pathname === '/long' ? 'x'.repeat(10_000) : `Hello ${searchParams.get('who')}`);
  });
  await new Promise<void>((resolve) => remote.listen(0, '127.0.0.1', resolve));
  const stop = async () => {
    remote.closeAllConnections();
    await new Promise((resolve) => remote.close(resolve));
  };
  return { host: `127.0.0.1:${(remote.address() as AddressInfo).port}`, open, stop };
}

const PATHS = ['greet', 'hang', 'fail', 'long'];
const WHO = { type: 'string' };

/** Fixture of the tools of those names that ask that server; `requests` are the calls of the API that make them. */
function describeRemoteContract(
  kind: string,
  requests: (host: string) => { route: string; body: object }[],
): void {
  describeToolSourceContract(kind, async () => {
    const { host, open, stop } = await startRemote();
    const server = await startTestApp({ EGRESS_ALLOW: host });
    const token = await server.login();
    for (const { route, body } of requests(host)) {
      const answer = await server.call('POST', route, { token, body });
      if (answer.status > 201) throw new Error(JSON.stringify(answer.body));
    }
    return {
      server,
      tool: 'greet',
      arguments: { who: 'Ada' },
      answer: 'Hello Ada',
      wrongArguments: { who: { first: 'Ada' } },
      hanging: { tool: 'hang', arguments: { who: 'Ada' }, isRunning: () => open.size > 0 },
      failing: { tool: 'fail', arguments: { who: 'Ada' }, hidden: 'canary' },
      large: { tool: 'long', arguments: { who: 'Ada' } },
      stop,
    };
  });
}

describeRemoteContract('http', (host) =>
  PATHS.map((name) => ({
    route: '/api/v1/tools',
    body: {
      kind: 'http',
      name,
      description: `Asks for ${name}.`,
      inputSchema: {
        type: 'object',
        properties: { who: WHO },
        required: ['who'],
        additionalProperties: false,
      },
      source: { method: 'GET', url: `http://${host}/${name}`, query: { who: { $arg: '/who' } } },
    },
  })),
);

describeRemoteContract('openapi', (host) => [
  {
    route: '/api/v1/tool-imports/openapi',
    body: {
      name: 'remote',
      document: {
        openapi: '3.1.0',
        info: { title: 'Remote', version: '1' },
        servers: [{ url: `http://${host}` }],
        paths: Object.fromEntries(
          PATHS.map((name) => [
            `/${name}`,
            {
              get: {
                operationId: name,
                summary: `Asks for ${name}.`,
                parameters: [{ name: 'who', in: 'query', required: true, schema: WHO }],
              },
            },
          ]),
        ),
      },
    },
  },
]);
