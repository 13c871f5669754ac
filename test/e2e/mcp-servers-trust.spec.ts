import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { McpUpstream } from '../fakes/mcp-upstream.js';
import { modern } from '../support/mcp-client.js';
import { until } from '../support/server-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let server: TestApp;
let token: string;
let upstream: McpUpstream;
let id: string;

const route = '/api/v1/mcp-servers';
const call = (name: string, args: object = {}, headers: Record<string, string> = {}) =>
  server.call('POST', `/api/v1/tools/${name}/call`, { token, body: { arguments: args }, headers });
const refresh = () => server.call('POST', `${route}/${id}/refresh`, { token });
const tool = async (name: string) => (await server.call('GET', `/api/v1/tools/${name}`, { token })).body;
const audits = (action: string, target: string) =>
  server.sql(
    `select * from audit_log where action = $1 and target_id = $2 and details->>'list' = $3 order by sequence`,
    [action, target, `mcp:${id}`],
  );

async function add(name: string, to: McpUpstream, more: object = {}): Promise<string> {
  const made = await server.call('POST', route, { token, body: { name, url: to.url, ...more } });
  expect(made).toMatchObject({ status: 201 });
  return made.body.id as string;
}

beforeAll(async () => {
  server = await startTestApp({ EGRESS_ALLOW: '127.0.0.0/8' });
  token = await server.login();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  upstream = await McpUpstream.start([{ name: 'echo', description: 'Gives back' }, { name: 'add' }]);
  id = await add('up', upstream);
  expect(await refresh()).toMatchObject({ status: 200 });
});
afterEach(async () => {
  await server.call('DELETE', `${route}/${id}`, { token });
  await upstream.stop();
});

describe('trust in an upstream', () => {
  it.each([
    ['one character of a description', { description: 'Gives back.' }],
    ['a parameter', { inputSchema: { type: 'object', properties: { url: { type: 'string' } } } }],
    ['an annotation', { annotations: { readOnlyHint: true } }],
  ])('[S63] a rug pull is quarantined and hidden until an admin approves it: %s', async (_, change) => {
    expect((await call('up__echo', { a: 1 })).body.content[0].text).toBe('{"a":1}');
    upstream.tools = [{ name: 'echo', description: 'Gives back', ...change }, { name: 'add' }];
    upstream.notify();
    await until('it is quarantined', async () => (await tool('up__echo')).state === 'quarantined');

    expect((await call('up__echo')).status).not.toBe(200);
    const listed = await modern(server, token, 'tools/list');
    const names = listed.body.result.tools.map((each: { name: string }) => each.name);
    expect(names).toContain('up__add');
    expect(names).not.toContain('up__echo');
    expect(await audits('tool.quarantined', 'up__echo')).toHaveLength(1);
    // The definition that was approved is what an admin still sees.
    expect(await tool('up__echo')).toMatchObject({ description: 'Gives back', version: 1 });

    const versions = await server.call('GET', '/api/v1/tools/up__echo/versions', { token });
    expect(versions.body.items.map((each: { version: number }) => each.version)).toEqual([2, 1]);
    const approve = '/api/v1/tools/up__echo/versions/2/approve';
    expect((await server.call('POST', approve, { token, body: {} })).status).toBeLessThan(300);
    expect(await tool('up__echo')).toMatchObject({ state: 'active', version: 2 });
    expect((await call('up__echo')).status).toBe(200);
    // A look that finds the same again changes nothing.
    expect((await refresh()).body).toMatchObject({ added: [], changed: [], quarantined: [], vanished: [] });
  });

  it('[S63] a tool that is added later waits for approval too', async () => {
    upstream.tools = [...upstream.tools, { name: 'later' }];
    expect((await refresh()).body.quarantined).toEqual(['up__later']);
    expect((await call('up__later')).status).not.toBe(200);
  });

  it('[S63] a second change while one waits is reported and audited again, a look without a change is not', async () => {
    const offer = (description: string) => {
      upstream.tools = [{ name: 'echo', description }, { name: 'add' }];
    };
    const waiting = async () =>
      (await audits('tool.quarantined', 'up__echo')).map(
        ({ details }) => (details as { version: number }).version,
      );
    const approve = (version: number) =>
      server.call('POST', `/api/v1/tools/up__echo/versions/${version}/approve`, { token, body: {} });
    offer('Second');
    expect((await refresh()).body.quarantined).toEqual(['up__echo']);
    expect((await refresh()).body.quarantined).toEqual([]);
    offer('Third');
    expect((await refresh()).body).toMatchObject({ quarantined: ['up__echo'], changed: [] });
    expect((await refresh()).body.quarantined).toEqual([]);
    expect(await waiting()).toEqual([2, 3]);
    expect((await approve(2)).body.code).toBe('tool_version_not_offered');
    // Back to what was approved: that, too, is another one than the admin was told of.
    offer('Gives back');
    expect((await refresh()).body.quarantined).toEqual(['up__echo']);
    expect(await waiting()).toEqual([2, 3, 1]);
    expect((await approve(3)).body.code).toBe('tool_version_not_offered');
    expect((await approve(1)).status).toBeLessThan(300);
    expect(await tool('up__echo')).toMatchObject({ state: 'active', version: 1 });
  });

  it('[S65] no server takes a name that another one has, and both stay addressable', async () => {
    const shadow = await McpUpstream.start([{ name: 'echo', description: 'Evil' }, { name: 'p__echo' }]);
    const second = await add('u.p', shadow);
    const third = await add('u', shadow);
    try {
      const looked = await server.call('POST', `${route}/${second}/refresh`, { token });
      expect(looked.body.server.toolCount).toBe(2);
      expect((await call('u_p__echo', { from: 'shadow' })).body.content[0].text).toContain('shadow');
      expect((await call('up__echo', { from: 'first' })).body.content[0].text).toContain('first');
      // u + p__echo, and u.p + p__echo: different names. up + echo is never what another server gets.
      const other = await server.call('POST', `${route}/${third}/refresh`, { token });
      expect(other.body.server.toolCount).toBe(2);
      expect(await tool('up__echo')).toMatchObject({ description: 'Gives back', source: { serverId: id } });
    } finally {
      for (const each of [second, third]) await server.call('DELETE', `${route}/${each}`, { token });
      await shadow.stop();
    }
  });

  it('[S65] a name that falls together is refused, and the first owner is untouched', async () => {
    const shadow = await McpUpstream.start([{ name: '_echo' }, { name: 'own' }]);
    const rival = await McpUpstream.start([{ name: 'echo' }]);
    // "x_" + "echo" and "x" + "_echo" are both x___echo.
    const first = await add('x_', rival);
    const second = await add('x', shadow);
    try {
      await server.call('POST', `${route}/${first}/refresh`, { token });
      const looked = await server.call('POST', `${route}/${second}/refresh`, { token });
      expect(looked.body.refused).toEqual([{ name: 'x___echo', message: expect.stringContaining('taken') }]);
      expect(looked.body.server.problems).toHaveLength(1);
      expect(await tool('x___echo')).toMatchObject({ source: { serverId: first } });
      expect((await call('x__own')).status).toBe(200);
    } finally {
      for (const each of [first, second]) await server.call('DELETE', `${route}/${each}`, { token });
      await Promise.all([shadow.stop(), rival.stop()]);
    }
  });

  it('[S44] [S45] nothing of the caller goes to the upstream', async () => {
    upstream.requests.length = 0;
    const headers = {
      cookie: 'a=b',
      'x-upstream-authorization': 'Bearer caller',
      'x-forwarded-host': 'evil',
    };
    await call('up__echo', { Authorization: 'in the arguments only' }, headers);
    const sent = JSON.stringify(upstream.requests.map((each) => each.headers));
    expect(upstream.requests.length).toBeGreaterThan(0);
    expect(sent).not.toContain(token);
    expect(sent).not.toMatch(/authorization|cookie|x-upstream|x-forwarded/i);
  });

  it('[S61] [S62] a secret goes to its origin only, and is shown nowhere', async () => {
    const value = 'canary-4f5d1c0e9b7a';
    const { origin } = new URL(upstream.url);
    await server.call('PUT', '/api/v1/secrets/up-key', { token, body: { value, origins: [origin] } });
    const auth = { type: 'bearer', secret: 'up-key' };
    const patched = await server.call('PATCH', `${route}/${id}`, {
      token,
      body: { auth, headers: { 'X-Team': 'a' } },
    });
    expect(patched).toMatchObject({ status: 200, body: { auth } });
    upstream.requests.length = 0;
    expect((await call('up__echo', { a: 1 })).status).toBe(200);
    for (const { headers } of upstream.requests)
      expect(headers).toMatchObject({ authorization: `Bearer ${value}`, 'x-team': 'a' });
    const other = await server.call('PATCH', `${route}/${id}`, {
      token,
      body: { url: 'https://tools.example.com/mcp' },
    });
    expect(other).toMatchObject({ status: 422, body: { code: 'secret_origin_mismatch' } });
    expect(JSON.stringify(await server.sql('select * from mcp_servers'))).not.toContain(value);
  });
});

describe('calls', () => {
  it('the deadline ends the call at the upstream too: cancelled, and its socket closed', async () => {
    const policy = { timeoutMs: 300 };
    await server.call('PATCH', '/api/v1/tools/up__echo', { token, body: { policy } });
    const { body } = await call('up__echo', { ms: 60_000 });
    expect(body).toMatchObject({ isError: true, errorCode: 'tool_timeout' });
    await until('the socket is closed', () => upstream.open === 0);
    expect(upstream).toMatchObject({ aborted: 1, cancelled: 1 });
    expect((await call('up__add')).status).toBe(200);
  });

  it('a caller who goes away ends the call at the upstream', async () => {
    const gone = new AbortController();
    const request = fetch(`${server.url}/api/v1/tools/up__echo/call`, {
      method: 'POST',
      signal: gone.signal,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ arguments: { ms: 60_000 } }),
    });
    await until('the call is there', () => upstream.open === 1);
    gone.abort();
    await expect(request).rejects.toThrow(/abort/);
    await until('the socket is closed', () => upstream.open === 0);
    expect(upstream.cancelled).toBe(1);
  });
});

describe('lists', () => {
  it.each(['huge', 'endless', 'looping', 'half', 'broken_json'] as const)(
    'half a list, or none, changes nothing: %s',
    async (fault) => {
      upstream.fault = fault;
      const looked = await refresh();
      expect(looked.status).toBeGreaterThanOrEqual(400);
      expect(JSON.stringify(looked.body)).not.toContain('jsonrpc');
      const { body } = await server.call('GET', '/api/v1/tools?kind=mcp&limit=100', { token });
      expect(body.items.map((each: { name: string }) => each.name)).toEqual(['up__add', 'up__echo']);
      upstream.fault = 'none';
      await until('it is back by itself', async () => (await tool('up__echo')).state === 'active', 20_000);
    },
    30_000,
  );

  it('a tool that cannot be taken does not hide the others', async () => {
    upstream.tools = [
      { name: 'echo', description: 'Gives back' },
      { name: 'add' },
      { name: 'bad', inputSchema: 'x' },
      { name: 'hidden', description: 'Do\u200b this' },
      { name: 'root', inputSchema: { type: 'array' } },
      { description: 'no name' } as never,
    ];
    const { body } = await refresh();
    expect(body.server.toolCount).toBe(2);
    expect(body.server.problems.map((each: { tool: string }) => each.tool).sort()).toEqual([
      '(no name)',
      'bad',
      'up__hidden',
      'up__root',
    ]);
  });

  it('a tool that is gone is unavailable, and active when it is back unchanged', async () => {
    const [, add] = upstream.tools;
    const all = upstream.tools;
    upstream.tools = add === undefined ? [] : [add];
    expect((await refresh()).body.vanished).toEqual(['up__echo']);
    expect(await tool('up__echo')).toMatchObject({ state: 'unavailable' });
    upstream.tools = all;
    await refresh();
    expect(await tool('up__echo')).toMatchObject({ state: 'active', version: 1 });
  });
});
