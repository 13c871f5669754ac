import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AuthorizationServer, ProtectedUpstream } from '../fakes/oauth-upstream.js';
import { startTestApp, type TestApp, type TestResponse } from '../support/test-app.js';
import {
  changingNameGainsNothing,
  type EntryPoint,
  everyUrlIsRefused,
  startSsrfWorld,
  type SsrfWorld,
} from './ssrf-table.js';

jest.setTimeout(120_000);

let world: SsrfWorld;
let authorization: AuthorizationServer;
let upstream: ProtectedUpstream;
let server: TestApp;
let token: string;
/** The same server where a loopback range counts as public: only there can an address be checked and connected to. */
let ranged: TestApp;
let rangedToken: string;
beforeAll(async () => {
  world = await startSsrfWorld();
  authorization = await AuthorizationServer.start();
  upstream = await ProtectedUpstream.start(authorization);
  const allow = [world.allow, new URL(authorization.issuer).host, new URL(upstream.url).host];
  [server, token] = await startWith(allow);
  [ranged, rangedToken] = await startWith([...allow, world.publicRange]);
});
afterAll(async () => {
  await Promise.all([server?.stop(), ranged?.stop()]);
  await Promise.all([upstream?.stop(), authorization?.stop()]);
  world?.stop();
});

/** A server with what the entry points need: the tool http_request, and the secret of an OAuth client. */
async function startWith(allow: readonly string[]): Promise<[TestApp, string]> {
  const app = await startTestApp({ EGRESS_ALLOW: allow.join(',') });
  const admin = await app.login();
  await app.call('PATCH', '/api/v1/tools/http_request', { token: admin, body: { enabled: true } });
  const secret = { value: 'client-secret-0123456789', origins: [authorization.issuer] };
  await app.call('PUT', '/api/v1/secrets/ssrf-client', { token: admin, body: secret });
  return [app, admin];
}

const callTool = (app: TestApp, as: string, name: string, args: object): Promise<TestResponse> =>
  app.call('POST', `/api/v1/tools/${name}/call`, { token: as, body: { arguments: args } });

/** Adds an MCP server, does something with it, and removes it. */
async function withServer(
  app: TestApp,
  as: string,
  server: { readonly url: string; readonly auth: object | null },
  work: (route: string) => Promise<TestResponse>,
): Promise<TestResponse> {
  const made = await app.call('POST', '/api/v1/mcp-servers', {
    token: as,
    body: { name: 'ssrf', ...server },
  });
  if (made.status !== 201) return made;
  const route = `/api/v1/mcp-servers/${made.body.id}`;
  try {
    return await work(route);
  } finally {
    await app.call('DELETE', route, { token: as });
  }
}

/** What the metadata of an upstream that wants OAuth says instead of the truth. */
type Lie = (url: string) => void;
const lies = {
  resourceMetadata: (url) => (upstream.metadataUrl = url),
  issuer: (url) => (upstream.issuer = url),
  tokenEndpoint: (url) => (authorization.lies = { token_endpoint: url }),
  registrationEndpoint: (url) => (authorization.lies = { registration_endpoint: url }),
  authorizationEndpoint: (url) => (authorization.lies = { authorization_endpoint: url }),
} satisfies Record<string, Lie>;

function tellTheTruth(): void {
  upstream.metadataUrl = undefined;
  upstream.issuer = authorization.issuer;
  authorization.lies = {};
}

/** This server signs in by itself, and is led to `url`. */
const byMetadata =
  (lie: Lie): EntryPoint =>
  async (app, as, url) => {
    lie(url);
    const auth = { type: 'client_credentials', clientId: 'c', secret: 'ssrf-client' };
    const looked = await withServer(app, as, { url: upstream.url, auth }, (route) =>
      app.call('POST', `${route}/refresh`, { token: as }),
    );
    tellTheTruth();
    return looked;
  };

/** A person signs in, says yes there and comes back: somewhere on that way the server is led to `url`. */
const bySignIn =
  (lie: Lie): EntryPoint =>
  async (app, as, url) => {
    lie(url);
    const auth = { type: 'oauth', per: 'server' };
    const told = await withServer(app, as, { url: upstream.url, auth }, async (route) => {
      const started = await app.call('POST', `${route}/sign-in`, { token: as });
      if (started.status !== 200) return started;
      const back = authorization.consent(started.body.authorizationUrl, 'Somebody');
      return app.call('GET', `${back.pathname}${back.search}&confirm=yes`);
    });
    tellTheTruth();
    return told;
  };

/** Every way in which a URL of a caller is fetched. A new one is a line here. */
const ENTRY_POINTS: Record<string, EntryPoint> = {
  'the tool http_request': (app, as, url) => callTool(app, as, 'http_request', { url }),

  'a Git workspace': async (app, as, url) => {
    const added = await app.call('POST', '/api/v1/workspaces', { token: as, body: { url, name: 'ssrf' } });
    if (added.status !== 202) return added;
    const route = '/api/v1/workspaces/ssrf';
    let { body } = added;
    while (body.state === 'fetching') ({ body } = await app.call('GET', route, { token: as }));
    await app.call('DELETE', route, { token: as });
    return { ...added, body: { ...body, isError: body.state === 'failed' } };
  },

  'an http tool, made and called': async (app, as, url) => {
    const source = { method: 'GET', url };
    const body = {
      name: 'ssrf_http',
      kind: 'http',
      description: 'x',
      inputSchema: { type: 'object' },
      source,
    };
    const made = await app.call('POST', '/api/v1/tools', { token: as, body });
    if (made.status !== 201) return made;
    const told = await callTool(app, as, 'ssrf_http', {});
    await app.call('DELETE', '/api/v1/tools/ssrf_http', { token: as });
    return told;
  },

  'the URL of an OpenAPI document': (app, as, url) =>
    app.call('POST', '/api/v1/tool-imports/openapi', {
      token: as,
      body: { name: 'ssrf', url, dryRun: true },
    }),

  'a webhook': async (app, as, url) => {
    const made = await app.call('POST', '/api/v1/webhooks', { token: as, body: { url } });
    if (made.status !== 201) return made;
    const route = `/api/v1/webhooks/${made.body.id}`;
    const ping = await app.call('POST', `${route}/ping`, { token: as });
    await app.call('DELETE', route, { token: as });
    return ping;
  },

  'an upstream MCP server': (app, as, url) =>
    withServer(app, as, { url, auth: null }, (route) => app.call('POST', `${route}/refresh`, { token: as })),
  'the resource metadata of an upstream MCP server': byMetadata(lies.resourceMetadata),
  'the authorization server of an upstream MCP server': byMetadata(lies.issuer),
  'the token endpoint of an upstream MCP server': byMetadata(lies.tokenEndpoint),
  'the authorization server of a sign-in': bySignIn(lies.issuer),
  'the client registration of a sign-in': bySignIn(lies.registrationEndpoint),
  'the token endpoint of a sign-in': bySignIn(lies.tokenEndpoint),
};

describe('[S49] [S50] [S51] [S52] no URL of a caller reaches the inside', () => {
  it('the canary counts what reaches it', async () => {
    expect(await world.prove()).toBe(2);
  });

  it.each(Object.keys(ENTRY_POINTS))('by %s', async (name) => {
    await everyUrlIsRefused(world, server, token, ENTRY_POINTS[name] as EntryPoint);
    expect(world.hits()).toBe(0);
  });

  it.each(Object.keys(ENTRY_POINTS))('[S50] by %s, with a name that changes its address', async (name) => {
    await changingNameGainsNothing(world, ranged, rangedToken, ENTRY_POINTS[name] as EntryPoint);
    expect(world.hits()).toBe(0);
  });

  it('a sign-in works when nothing lies', async () => {
    const told = await bySignIn(() => undefined)(server, token, '');
    expect(told).toMatchObject({ status: 200, body: expect.stringContaining('Signed in') });
  });

  it('by the authorization endpoint: no person is sent to such an address', async () => {
    const sent: string[] = [];
    for (const url of world.urls)
      if ((await bySignIn(lies.authorizationEndpoint)(server, token, url)).status < 400) sent.push(url);
    expect(sent).toEqual([]);
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
