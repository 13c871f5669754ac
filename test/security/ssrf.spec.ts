import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startTestApp, type TestApp, type TestResponse } from '../support/test-app.js';
import { type EntryPoint, everyUrlIsRefused, startSsrfWorld, type SsrfWorld } from './ssrf-table.js';

jest.setTimeout(120_000);

let world: SsrfWorld;
let server: TestApp;
let token: string;
beforeAll(async () => {
  world = await startSsrfWorld();
  server = await startTestApp(world.environment);
  token = await server.login();
  await server.call('PATCH', '/api/v1/tools/http_request', { token, body: { enabled: true } });
});
afterAll(async () => {
  await server?.stop();
  world?.stop();
});

const callTool = (name: string, args: object): Promise<TestResponse> =>
  server.call('POST', `/api/v1/tools/${name}/call`, { token, body: { arguments: args } });

/** Every way in which a URL of a caller is fetched. A new one is a line here. */
const ENTRY_POINTS: Record<string, EntryPoint> = {
  'the tool http_request': (_server, _token, url) => callTool('http_request', { url }),

  'a Git workspace': async (_server, _token, url) => {
    const added = await server.call('POST', '/api/v1/workspaces', { token, body: { url, name: 'ssrf' } });
    if (added.status !== 202) return added;
    const route = '/api/v1/workspaces/ssrf';
    let { body } = added;
    while (body.state === 'fetching') ({ body } = await server.call('GET', route, { token }));
    await server.call('DELETE', route, { token });
    return { ...added, body: { ...body, isError: body.state === 'failed' } };
  },

  'an http tool, made and called': async (_server, _token, url) => {
    const source = { method: 'GET', url };
    const body = {
      name: 'ssrf_http',
      kind: 'http',
      description: 'x',
      inputSchema: { type: 'object' },
      source,
    };
    const made = await server.call('POST', '/api/v1/tools', { token, body });
    if (made.status !== 201) return made;
    const told = await callTool('ssrf_http', {});
    await server.call('DELETE', '/api/v1/tools/ssrf_http', { token });
    return told;
  },

  'the URL of an OpenAPI document': (_server, _token, url) =>
    server.call('POST', '/api/v1/tool-imports/openapi', { token, body: { name: 'ssrf', url, dryRun: true } }),

  'a webhook': async (_server, _token, url) => {
    const made = await server.call('POST', '/api/v1/webhooks', { token, body: { url } });
    if (made.status !== 201) return made;
    const route = `/api/v1/webhooks/${made.body.id}`;
    const ping = await server.call('POST', `${route}/ping`, { token });
    await server.call('DELETE', route, { token });
    return ping;
  },

  'an upstream MCP server': async (_server, _token, url) => {
    const made = await server.call('POST', '/api/v1/mcp-servers', { token, body: { name: 'ssrf', url } });
    if (made.status !== 201) return made;
    const route = `/api/v1/mcp-servers/${made.body.id}`;
    const looked = await server.call('POST', `${route}/refresh`, { token });
    await server.call('DELETE', route, { token });
    return looked;
  },
};

describe('[S49] [S50] [S51] [S52] no URL of a caller reaches the inside', () => {
  it('the canary counts what reaches it', async () => {
    expect(await world.prove()).toBe(2);
  });

  it.each(Object.keys(ENTRY_POINTS))('by %s', async (name) => {
    await everyUrlIsRefused(world, server, token, ENTRY_POINTS[name] as EntryPoint);
    expect(world.hits()).toBe(0);
  });

  it('by the base URL of a model: the API takes none', async () => {
    const agent = { name: 'ssrf', description: 'x', instructions: 'x' };
    for (const extra of [
      { baseUrl: 'http://127.0.0.1/' },
      { model: { provider: 'openai', baseUrl: 'http://127.0.0.1/' } },
      { limits: { baseUrl: 'http://127.0.0.1/' } },
    ]) {
      const answer = await server.call('POST', '/api/v1/agents', { token, body: { ...agent, ...extra } });
      expect([extra, answer.status]).toEqual([extra, 400]);
    }
    // A name of a model is never a URL, whatever it looks like.
    for (const [index, model] of ['http', 'openai:http'].entries()) {
      const name = `ssrf-${index}`;
      const body = { ...agent, name, model: `${model}://127.0.0.1/` };
      await server.call('POST', '/api/v1/agents', { token, body });
      const run = await server.call('POST', '/api/v1/runs', { token, body: { input: 'Hello', agent: name } });
      const route = `/api/v1/runs/${run.body.id}/wait?timeoutMs=10000`;
      expect((await server.call('GET', route, { token })).body.status).toBe('failed');
    }
    expect(world.hits()).toBe(0);
  });
});
