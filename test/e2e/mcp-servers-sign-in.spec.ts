import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AuthorizationServer, ProtectedUpstream } from '../fakes/oauth-upstream.js';
import { addMember, type TestAccount } from '../support/accounts.js';
import { until } from '../support/server-process.js';
import { makeDatabase, startTestApp, type TestApp } from '../support/test-app.js';

let server: TestApp;
let shared: Record<string, string>;
let admin: string;
let member: TestAccount;
let authorization: AuthorizationServer;
let upstream: ProtectedUpstream;
let id: string;

const route = '/api/v1/mcp-servers';
const call = (token: string, at = server) =>
  at.call('POST', '/api/v1/tools/p__whoami/call', { token, body: { arguments: {} } });
const refresh = () => server.call('POST', `${route}/${id}/refresh`, { token: admin });
const signIn = (token: string, at = server) => at.call('POST', `${route}/${id}/sign-in`, { token });

async function add(auth: object): Promise<void> {
  const made = await server.call('POST', route, {
    token: admin,
    body: { name: 'p', url: upstream.url, auth },
  });
  expect(made).toMatchObject({ status: 201 });
  id = made.body.id as string;
}

/** Opens a page as a browser does. The callback's own origin is PUBLIC_URL, which in a test has no port. */
async function open(page: URL): Promise<{ status: number; html: string }> {
  const response = await fetch(`${server.url}${page.pathname}${page.search}`);
  return { status: response.status, html: await response.text() };
}

/** The whole way of a person: start, consent, confirm. */
async function signInAs(
  token: string,
  subject: string,
): Promise<{ status: number; html: string; back: URL }> {
  const started = await signIn(token);
  expect(started).toMatchObject({ status: 200 });
  const back = authorization.consent(started.body.authorizationUrl, subject);
  const asked = await open(back);
  expect(asked.html).toContain('Connect your account?');
  return { ...(await confirm(back)), back };
}

function confirm(back: URL): Promise<{ status: number; html: string }> {
  back.searchParams.set('confirm', 'yes');
  return open(back);
}

beforeAll(async () => {
  shared = {
    DATABASE_URL: await makeDatabase(),
    ENCRYPTION_KEYS: `test:${randomBytes(32).toString('base64')}`,
    PUBLIC_URL: 'http://127.0.0.1:8000',
    EGRESS_ALLOW: '127.0.0.0/8',
  };
  server = await startTestApp(shared);
  admin = await server.login();
  member = await addMember(server);
});
afterAll(() => server?.stop());
beforeEach(async () => {
  authorization = await AuthorizationServer.start();
  upstream = await ProtectedUpstream.start(authorization);
});
afterEach(async () => {
  await server.call('DELETE', `${route}/${id}`, { token: admin });
  await Promise.all([upstream.stop(), authorization.stop()]);
});

describe('one sign-in of each user', () => {
  beforeEach(() => add({ type: 'oauth', per: 'user', scope: 'mcp:tools' }));

  it('each calls with his own, and is told what to do without one', async () => {
    expect(await refresh()).toMatchObject({ status: 409, body: { code: 'upstream_sign_in_required' } });
    expect(await signInAs(admin, 'Alice')).toMatchObject({
      status: 200,
      html: expect.stringContaining('Signed in'),
    });
    expect(await refresh()).toMatchObject({
      status: 200,
      body: { server: { state: 'healthy', toolCount: 1 } },
    });
    expect((await call(admin)).body.content[0].text).toBe('You are Alice');

    const without = await call(member.token);
    expect(without.body).toMatchObject({ isError: true, errorCode: 'upstream_sign_in_required' });
    expect(without.body.content[0].text).toContain(`POST ${route}/${id}/sign-in`);
    await signInAs(member.token, 'Bob');
    expect((await call(member.token)).body.content[0].text).toBe('You are Bob');
    expect((await call(admin)).body.content[0].text).toBe('You are Alice');
    // One registration for all users, public client, PKCE.
    expect(authorization.registrations).toBe(1);
    const status = await server.call('GET', `${route}/${id}/sign-in`, { token: member.token });
    expect(status.body).toMatchObject({ signedIn: true });
  });

  it('renews an expired token once for all calls, and asks again when that fails', async () => {
    await signInAs(admin, 'Alice');
    await refresh();
    for (const token of authorization.tokens.values()) token.expired = true;
    authorization.tokenRequests.length = 0;
    const answers = await Promise.all([call(admin), call(admin), call(admin)]);
    for (const { body } of answers) expect(body.content[0].text).toBe('You are Alice');
    const renewals = authorization.tokenRequests.filter(({ body }) => body.grant_type === 'refresh_token');
    expect(renewals).toHaveLength(1);
    expect((await server.call('DELETE', `${route}/${id}/sign-in`, { token: admin })).status).toBe(204);
    expect((await call(admin)).body).toMatchObject({ errorCode: 'upstream_sign_in_required' });
  });

  it('is pending until it is signed in, whoever asks meanwhile', async () => {
    const back = authorization.consent((await signIn(admin)).body.authorizationUrl, 'Alice');
    back.searchParams.set('confirm', 'yes');
    const seen: { pending: boolean; signedIn: boolean }[] = [];
    const end = new AbortController();
    const watch = async () => {
      while (!end.signal.aborted)
        seen.push((await server.call('GET', `${route}/${id}/sign-in`, { token: admin })).body);
    };
    const watchers = [watch(), watch(), watch(), watch()];
    const page = await open(back);
    end.abort();
    await Promise.all(watchers);
    expect(page).toMatchObject({ status: 200 });
    expect(seen.filter(({ pending, signedIn }) => !pending && !signedIn)).toEqual([]);
    expect(seen[0]).toMatchObject({ pending: true });
  });

  it('an answer works once, and only the answer to the last attempt', async () => {
    const first = await signIn(admin);
    const old = authorization.consent(first.body.authorizationUrl, 'Alice');
    const { back } = await signInAs(admin, 'Alice');
    expect(await open(back)).toMatchObject({ status: 400, html: expect.stringContaining('used already') });
    old.searchParams.set('confirm', 'yes');
    expect((await open(old)).status).toBe(400);
    for (const state of ['x', back.searchParams.get('state')?.replace(/.$/, '-') ?? '']) {
      back.searchParams.set('state', state);
      expect((await open(back)).status).toBe(400);
    }
  });

  it('the page says whose account is connected, before anything is exchanged', async () => {
    const started = await signIn(member.token);
    const back = authorization.consent(started.body.authorizationUrl, 'Victim');
    const { html } = await open(back);
    expect(html).toContain(member.email);
    expect(html).not.toContain('<script');
    expect(authorization.tokenRequests).toEqual([]);
  });

  it('[S46] an answer of another issuer is refused before the code is sent anywhere', async () => {
    const started = await signIn(admin);
    const back = authorization.consent(started.body.authorizationUrl, 'Alice');
    back.searchParams.set('iss', 'https://evil.example.com');
    back.searchParams.set('confirm', 'yes');
    expect((await open(back)).status).toBe(400);
    expect(authorization.tokenRequests).toEqual([]);
  });

  it('[S46] a server that names its own authorization server gets no token of the first one', async () => {
    await signInAs(admin, 'Alice');
    await refresh();
    const evil = await AuthorizationServer.start();
    try {
      upstream.issuer = evil.issuer;
      for (const token of authorization.tokens.values()) token.expired = true;
      // The call fails, or the server was seen to be unhealthy before.
      const { status, body } = await call(admin);
      expect(status === 503 || body.isError === true).toBe(true);
      expect(evil.tokenRequests).toEqual([]);
    } finally {
      await evil.stop();
    }
  });

  it('[S59] [S61] no token lies readable in the database', async () => {
    await signInAs(admin, 'Alice');
    await refresh();
    await call(admin);
    const names = await server.sql<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
    );
    for (const { name } of names) {
      const dump = JSON.stringify(await server.sql(`select * from "${name}"`));
      for (const token of authorization.tokens.keys()) expect(dump).not.toContain(token);
    }
  });
});

describe('other ways to sign in', () => {
  it('one sign-in for all is an admin’s', async () => {
    await add({ type: 'oauth', per: 'server' });
    expect(await signIn(member.token)).toMatchObject({ status: 403 });
    await signInAs(admin, 'Service');
    await refresh();
    expect((await call(member.token)).body.content[0].text).toBe('You are Service');
  });

  it('client credentials are sent to the issuer that the secret is bound to', async () => {
    const value = 'client-secret-0123456789';
    await server.call('PUT', '/api/v1/secrets/p-client', {
      token: admin,
      body: { value, origins: [authorization.issuer] },
    });
    await add({ type: 'client_credentials', clientId: 'c', secret: 'p-client' });
    expect(await refresh()).toMatchObject({ status: 200 });
    expect((await call(member.token)).body.content[0].text).toBe('You are client');
    expect(authorization.tokenRequests[0]).toMatchObject({
      body: { grant_type: 'client_credentials' },
      authorization: `Basic ${Buffer.from(`c:${value}`).toString('base64')}`,
    });
  });

  it('[S46] a malicious server that names its own authorization server gets no secret', async () => {
    const evil = await AuthorizationServer.start();
    try {
      upstream.issuer = evil.issuer;
      await server.call('PUT', '/api/v1/secrets/p-client', {
        token: admin,
        body: { value: 'client-secret-0123456789', origins: [authorization.issuer] },
      });
      await add({ type: 'client_credentials', clientId: 'c', secret: 'p-client' });
      expect(await refresh()).toMatchObject({ status: 422, body: { code: 'secret_origin_mismatch' } });
      expect(evil.tokenRequests).toEqual([]);
    } finally {
      await evil.stop();
    }
  });

  it('[S49] metadata cannot lead the server to the inside', async () => {
    await add({ type: 'oauth', per: 'user' });
    upstream.issuer = 'http://169.254.169.254';
    expect(await signIn(admin)).toMatchObject({ status: 422, body: { code: 'egress_denied' } });
    upstream.issuer = authorization.issuer;
    authorization.lies = { authorization_endpoint: 'javascript:alert(1)' };
    expect((await signIn(admin)).status).toBeGreaterThanOrEqual(400);
  });

  it('a server without OAuth needs none', async () => {
    await add({ type: 'oauth', per: 'user' });
    await server.call('PATCH', `${route}/${id}`, { token: admin, body: { auth: null } });
    expect(await signIn(admin)).toMatchObject({ status: 409, body: { code: 'sign_in_not_needed' } });
  });
});

describe('two instances at one authorization server', () => {
  let other: TestApp;
  beforeAll(async () => {
    other = await startTestApp(shared);
  });
  afterAll(() => other?.stop());
  beforeEach(() => add({ type: 'oauth', per: 'user' }));

  it('share the registration, also when both begin the first sign-in at the same moment', async () => {
    authorization.registrationsAtOnce = 2;
    const [mine, his] = await Promise.all([signIn(admin), signIn(member.token, other)]);
    expect([mine.status, his.status]).toEqual([200, 200]);
    // Both had to register, and both use the registration that was kept.
    expect(authorization.registrations).toBe(2);
    for (const { started, subject } of [
      { started: mine, subject: 'Alice' },
      { started: his, subject: 'Bob' },
    ])
      expect(await confirm(authorization.consent(started.body.authorizationUrl, subject))).toMatchObject({
        status: 200,
      });
    await refresh();
    expect((await call(admin)).body.content[0].text).toBe('You are Alice');
    expect((await call(member.token)).body.content[0].text).toBe('You are Bob');
  });

  it('register anew when it has forgotten them', async () => {
    await signInAs(admin, 'Alice');
    authorization.clients.clear();
    const refused = { status: 400, html: expect.stringContaining('/sign-in') };
    expect(await signInAs(member.token, 'Bob')).toMatchObject(refused);
    expect(await signInAs(member.token, 'Bob')).toMatchObject({ status: 200 });
    expect(authorization.registrations).toBe(2);
  });

  it('register only for a person who signs in', async () => {
    expect(await refresh()).toMatchObject({ status: 409, body: { code: 'upstream_sign_in_required' } });
    expect(authorization.registrations).toBe(0);
  });

  it('bring no tools back of a server that one removes while the other looks at it', async () => {
    await signInAs(admin, 'Alice');
    await refresh();
    let open = () => {};
    upstream.listGate = new Promise((resolve) => (open = resolve));
    const { lists } = upstream;
    const looking = other.call('POST', `${route}/${id}/refresh`, { token: admin });
    await until('the other one looks', () => upstream.lists > lists);
    expect((await server.call('DELETE', `${route}/${id}`, { token: admin })).status).toBe(204);
    open();
    await looking;
    expect(await server.sql("select name from tools where name = 'p__whoami'")).toEqual([]);
  });

  it('renew an expired token once', async () => {
    await signInAs(admin, 'Alice');
    await refresh();
    const textOf = async (at: TestApp) => (await call(admin, at)).body.content?.[0].text;
    for (const at of [server, other])
      await until('the tool answers', async () => (await textOf(at)) === 'You are Alice');
    authorization.tokenRequests.length = 0;
    let open = () => {};
    authorization.tokenGate = new Promise((resolve) => (open = resolve));
    for (const token of authorization.tokens.values()) token.expired = true;
    const { refused } = upstream;
    const answers = [textOf(server), textOf(other)];
    await until('both were refused', () => upstream.refused >= refused + 2);
    await until('one asks for new tokens', () => authorization.tokenRequests.length > 0);
    open();
    expect(await Promise.all(answers)).toEqual(['You are Alice', 'You are Alice']);
    expect(authorization.tokenRequests).toHaveLength(1);
  });
});
