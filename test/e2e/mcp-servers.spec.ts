import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addMember } from '../support/accounts.js';
import { EverythingServer } from '../support/everything-server.js';
import { modern, openLegacy } from '../support/mcp-client.js';
import { startRun, warmUp } from '../support/runs.js';
import { until } from '../support/server-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let everything: EverythingServer;
let server: TestApp;
let token: string;
let id: string;

const route = '/api/v1/mcp-servers';
const call = (name: string, args: object = {}) =>
  server.call('POST', `/api/v1/tools/${name}/call`, { token, body: { arguments: args } });
const read = async () => (await server.call('GET', `${route}/${id}`, { token })).body;
const tool = async (name: string) => (await server.call('GET', `/api/v1/tools/${name}`, { token })).body;

/** Each tool of the server with arguments, and something that its answer must hold. */
const TOOLS: readonly (readonly [name: string, args: object, holds: string])[] = [
  ['echo', { message: 'hello' }, 'Echo: hello'],
  ['get-annotated-message', { messageType: 'success', includeImage: true }, '"type":"image"'],
  ['get-env', {}, 'PATH'],
  ['get-resource-links', { count: 2 }, '"type":"resource_link"'],
  ['get-resource-reference', { resourceType: 'Text', resourceId: 1 }, '"type":"resource"'],
  ['get-structured-content', { location: 'Chicago' }, '"structuredContent":{'],
  ['get-sum', { a: 2, b: 40 }, '42'],
  ['get-tiny-image', {}, '"mimeType":"image/png"'],
  [
    'gzip-file-as-resource',
    { name: 'a.gz', data: 'data:text/plain,hello', outputType: 'resource' },
    '"blob"',
  ],
  ['simulate-research-query', { topic: 'clocks' }, 'clocks'],
  ['toggle-simulated-logging', {}, 'logging'],
  ['toggle-subscriber-updates', {}, 'updates'],
  ['trigger-long-running-operation', { duration: 0.2, steps: 2 }, 'completed'],
];

beforeAll(async () => {
  await warmUp();
  everything = await EverythingServer.start();
  server = await startTestApp({ EGRESS_ALLOW: everything.host });
  token = await server.login();
  const body = { name: 'everything', url: everything.url };
  const created = await server.call('POST', route, { token, body });
  expect(created).toMatchObject({ status: 201, body: { name: 'everything' } });
  id = created.body.id as string;
  const refreshed = await server.call('POST', `${route}/${id}/refresh`, { token });
  expect(refreshed).toMatchObject({ status: 200, body: { server: { state: 'healthy', problems: [] } } });
});
afterAll(async () => {
  await server?.stop();
  await everything?.kill();
});

describe('server-everything as an upstream', () => {
  it('offers all its tools under names of our own, with where they come from', async () => {
    const { body } = await server.call('GET', '/api/v1/tools?kind=mcp&limit=100', { token });
    const names = body.items.map((item: { name: string }) => item.name);
    expect(names).toEqual(TOOLS.map(([name]) => `everything__${name}`));
    expect(await tool('everything__echo')).toMatchObject({
      kind: 'mcp',
      state: 'active',
      source: { type: 'mcp', server: 'everything', serverId: id, tool: 'echo' },
      policy: { retries: 2 },
    });
  });

  it.each(TOOLS)('%s works through REST', async (name, args, holds) => {
    const { status, body } = await call(`everything__${name}`, args);
    expect({ status, isError: body.isError }).toEqual({ status: 200, isError: false });
    expect(JSON.stringify(body)).toContain(holds);
  });

  it('its tools work through both eras of MCP', async () => {
    const params = { name: 'everything__get-sum', arguments: { a: 1, b: 2 } };
    const answer = await modern(server, token, 'tools/call', params);
    expect(answer.body.result.content[0].text).toContain('3');
    const session = await openLegacy(server, token);
    const listed = await session.call('tools/list');
    const names = listed.body.result.tools.map((item: { name: string }) => item.name);
    expect(names).toEqual(expect.arrayContaining(TOOLS.map(([name]) => `everything__${name}`)));
    const echoed = await session.call(
      'tools/call',
      { name: 'everything__echo', arguments: { message: 'x' } },
      2,
    );
    expect(echoed.body.result.content).toEqual([{ type: 'text', text: 'Echo: x' }]);
  });

  it('an agent uses its tools', async () => {
    const agent = { name: 'adder', title: 'Adder', description: 'Adds', instructions: 'Use your tools.' };
    const body = { ...agent, tools: ['everything__*'] };
    expect((await server.call('POST', '/api/v1/agents', { token, body })).status).toBe(201);
    const { run } = await startRun(server, token, {
      agent: 'adder',
      input: 'Echo the message "from an agent"',
    });
    const ended = await server.call('GET', `/api/v1/runs/${run.id}/wait?timeoutMs=20000`, { token });
    expect(ended.body).toMatchObject({ status: 'completed' });
    expect(ended.body.output.text).toContain('Echo: from an agent');
  });

  it('passes progress on', async () => {
    const params = {
      name: 'everything__trigger-long-running-operation',
      arguments: { duration: 0.3, steps: 3 },
      _meta: { progressToken: 'p' },
    };
    const { messages } = await modern(server, token, 'tools/call', params);
    const progress = messages.filter(({ method }) => method === 'notifications/progress');
    expect(progress.map((message) => message.params.progress)).toEqual([1, 2, 3]);
  });

  it('the word of the upstream on a wrong call is a result, not a failure of ours', async () => {
    const { body } = await call('everything__get-resource-reference', {
      resourceType: 'Text',
      resourceId: -1,
    });
    expect(body).toMatchObject({ isError: true });
    expect(body.content[0].text).toContain('resourceId');
  });

  it('members see it without its address and cannot change it', async () => {
    const member = await addMember(server);
    const seen = await server.call('GET', `${route}/${id}`, { token: member.token });
    expect(seen).toMatchObject({ status: 200, body: { name: 'everything', url: null, headers: {} } });
    const change = await server.call('PATCH', `${route}/${id}`, {
      token: member.token,
      body: { enabled: false },
    });
    expect(change).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
  });
});

describe('an upstream that dies', () => {
  it('[R22] fails the call at once, hides its tools, leaves the others alone, and is back by itself', async () => {
    const startedAt = Date.now();
    const long = call('everything__trigger-long-running-operation', { duration: 20, steps: 5 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    await everything.kill();
    const ended = await long;
    expect(ended.body).toMatchObject({ isError: true });
    expect(['upstream_unreachable', 'tool_failed']).toContain(ended.body.errorCode);
    expect(Date.now() - startedAt).toBeLessThan(30_000);

    await until(
      'its tools are unavailable',
      async () => (await tool('everything__echo')).state === 'unavailable',
    );
    expect(await read()).toMatchObject({
      state: 'unhealthy',
      lastError: expect.stringContaining('cannot be reached'),
    });
    const times: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      const at = performance.now();
      const answer = await call('calculator', { expression: '1+1' });
      expect(answer.body.isError).toBe(false);
      times.push(performance.now() - at);
    }
    expect(Math.min(...times)).toBeLessThan(100);
    expect(await call('everything__echo', { message: 'x' })).toMatchObject({
      status: 503,
      body: { code: 'tool_unavailable' },
    });

    await everything.restart();
    await until('it is healthy again', async () => (await read()).state === 'healthy', 45_000);
    expect((await call('everything__echo', { message: 'again' })).body.content[0].text).toBe('Echo: again');
  }, 90_000);

  it('a lost session is opened again and the call is done once', async () => {
    expect((await call('everything__echo', { message: '1' })).body.isError).toBe(false);
    await everything.kill();
    await everything.restart();
    // The server knows nothing of our session; sockets of before the restart may fail one call that may be repeated.
    expect((await call('everything__echo', { message: '2' })).body.content[0].text).toBe('Echo: 2');
  });
});

describe('managing upstream servers', () => {
  it.each([
    ['a command', { name: 'x', command: 'npx', args: ['-y', 'evil'] }],
    [
      'a command beside a url',
      { name: 'x', url: 'https://tools.example.com/mcp', command: 'docker', args: ['build'] },
    ],
    ['the transport stdio', { name: 'x', url: 'https://tools.example.com/mcp', transport: 'stdio' }],
    ['the type stdio', { name: 'x', type: 'stdio', env: { NODE_OPTIONS: '--require /tmp/x.js' } }],
  ])('[S56] the API never adds a program: %s', async (_, body) => {
    const answer = await server.call('POST', route, { token, body });
    expect(answer).toMatchObject({ status: 422, body: { code: 'stdio_not_allowed' } });
    const member = await addMember(server);
    expect((await server.call('POST', route, { token: member.token, body })).status).toBe(403);
    const changed = await server.call('PATCH', `${route}/${id}`, { token, body: { command: 'sh' } });
    expect(changed).toMatchObject({ status: 422, body: { code: 'stdio_not_allowed' } });
  });

  it.each(['Authorization', 'cookie', 'Host', 'X-Forwarded-For', 'Mcp-Session-Id', 'Proxy-Authorization'])(
    '[S45] %s cannot be a header of the server',
    async (name) => {
      const body = { name: 'x', url: 'https://tools.example.com/mcp', headers: { [name]: 'x' } };
      expect(await server.call('POST', route, { token, body })).toMatchObject({ status: 400 });
    },
  );

  it('a name is taken once; a deleted server takes its tools with it', async () => {
    const body = { name: 'everything', url: 'https://tools.example.com/mcp' };
    expect(await server.call('POST', route, { token, body })).toMatchObject({
      status: 409,
      body: { code: 'mcp_server_exists' },
    });
    const other = await server.call('POST', route, { token, body: { name: 'second', url: everything.url } });
    const path = `${route}/${other.body.id}`;
    expect((await server.call('POST', `${path}/refresh`, { token })).status).toBe(200);
    expect((await call('second__echo', { message: 'x' })).body.content[0].text).toBe('Echo: x');
    expect((await server.call('DELETE', path, { token })).status).toBe(204);
    expect((await server.call('GET', path, { token })).status).toBe(404);
    expect((await call('second__echo', { message: 'x' })).status).toBe(404);
    expect((await call('everything__echo', { message: 'x' })).body.isError).toBe(false);
  });

  it('one of many that take a name at the same moment gets it, and 200 servers are the most', async () => {
    await server.call('PUT', '/api/v1/secrets/twin', {
      token,
      body: { value: 'value-of-the-twin', origins: ['https://tools.example.com'] },
    });
    const auth = { type: 'bearer', secret: 'twin' };
    const add = (name: string) =>
      server.call('POST', route, { token, body: { name, url: 'https://tools.example.com/mcp', auth } });
    const twins = await Promise.all(Array.from({ length: 20 }, () => add('twin')));
    expect(twins.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 19 }, () => 409)]);
    await server.sql(
      `insert into mcp_servers (id, name, origin, transport, url, enabled)
        select gen_random_uuid(), 'filler-' || n, 'api', 'http', 'https://tools.example.com/mcp', false
          from generate_series(1, 199 - (select count(*) from mcp_servers)) n`,
    );
    const last = await Promise.all(['a', 'b', 'c', 'd'].map((name) => add(`last-${name}`)));
    expect(last.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    await server.sql("delete from mcp_servers where name ~ '^(twin$|filler-|last-)'");
  });

  it('a disabled server is not called', async () => {
    const off = await server.call('PATCH', `${route}/${id}`, { token, body: { enabled: false } });
    expect(off).toMatchObject({ status: 200, body: { enabled: false } });
    expect((await call('everything__echo', { message: 'x' })).status).toBe(503);
    await server.call('PATCH', `${route}/${id}`, { token, body: { enabled: true } });
    await until('it is back', async () => (await call('everything__echo', { message: 'x' })).status === 200);
  });

  it('counts in the status', async () => {
    const status = await server.call('GET', '/api/status', { token });
    expect(status.body.details.counts.mcpServers).toMatchObject({ healthy: 1, unhealthy: 0 });
  });
});
