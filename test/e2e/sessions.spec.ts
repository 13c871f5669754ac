import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { addMember, type TestAccount } from '../support/accounts.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const AUTH = '/api/v1/auth';
const SESSIONS = '/api/v1/sessions';
const ENCRYPTION_KEYS = `shared:${randomBytes(32).toString('base64')}`;
let a: TestApp;
let b: TestApp;
beforeAll(async () => {
  a = await startTestApp({ ENCRYPTION_KEYS, ALLOWED_ORIGINS: 'https://app.example.com' });
  b = await startTestApp({ ENCRYPTION_KEYS, DATABASE_URL: a.databaseUrl });
});
afterAll(async () => {
  await b?.stop();
  await a?.stop();
});

const login = async (user: TestAccount, headers?: Record<string, string>) =>
  (await a.call('POST', `${AUTH}/login`, { body: { email: user.email, password: user.password }, headers }))
    .body;
const refresh = (refreshToken: string, server = a) =>
  server.call('POST', `${AUTH}/refresh`, { body: { refreshToken } });
const status = async (token: string, server = a) =>
  (await server.call('GET', `${AUTH}/me`, { token })).status;

describe('refresh', () => {
  it('rotates: each token has one successor, which works', async () => {
    const first = await login(await addMember(a));
    const second = (await refresh(first.refreshToken)).body;
    expect(second).toMatchObject({ tokenType: 'Bearer', expiresIn: 900, sessionId: first.sessionId });
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect(await status(second.accessToken)).toBe(200);
    const third = await refresh(second.refreshToken, b);
    expect(third.status).toBe(200);
  });

  it('[S11] answers a retry within 10 s the same, on both instances', async () => {
    const { refreshToken } = await login(await addMember(a));
    const first = await refresh(refreshToken);
    expect((await refresh(refreshToken)).body).toEqual(first.body);
    expect((await refresh(refreshToken, b)).body).toEqual(first.body);
  });

  it('[S11] gives 20 parallel uses of one token one successor', async () => {
    const { refreshToken } = await login(await addMember(a));
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => refresh(refreshToken, index % 2 === 0 ? a : b)),
    );
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
    expect(new Set(answers.map((answer) => answer.body.refreshToken)).size).toBe(1);
  });

  it('[S11] ends the session when a used token comes back later', async () => {
    const first = await login(await addMember(a));
    const second = (await refresh(first.refreshToken)).body;
    await a.sql(`update sessions set rotated_at = now() - interval '11 seconds' where id = $1`, [
      first.sessionId,
    ]);
    const reuse = await refresh(first.refreshToken);
    expect([reuse.status, reuse.body.code]).toEqual([401, 'refresh_reuse']);
    expect((await refresh(second.refreshToken)).status).toBe(401);
    expect(await status(second.accessToken, b)).toBe(401);
    const audit = await a.sql('select 1 from audit_log where action = $1 and target_id = $2', [
      'session.refresh_reused',
      first.sessionId,
    ]);
    expect(audit).toHaveLength(1);
  });

  it('[S11] knows a token that is older than the last one, however soon it comes', async () => {
    const first = await login(await addMember(a));
    const second = (await refresh(first.refreshToken)).body;
    const third = (await refresh(second.refreshToken)).body;
    expect((await refresh(first.refreshToken)).body.code).toBe('refresh_reuse');
    expect((await refresh(third.refreshToken)).status).toBe(401);
  });

  it('does not let an invented token end a session', async () => {
    const { refreshToken, sessionId, accessToken } = await login(await addMember(a));
    const [random, , tag] = refreshToken.split('.');
    const flipped = random.startsWith('A') ? `B${random.slice(1)}` : `A${random.slice(1)}`;
    for (const invented of [`${flipped}.${sessionId}.${tag}`, 'x', '', accessToken]) {
      expect((await refresh(invented)).body.code).toBe('invalid_refresh_token');
    }
    expect((await refresh(refreshToken)).status).toBe(200);
  });

  it('ends after 7 idle and after 30 days', async () => {
    for (const change of [`last_seen_at = now() - interval '7 days 1 second'`, `expires_at = now()`]) {
      const { refreshToken, sessionId, accessToken } = await login(await addMember(a));
      await a.sql(`update sessions set ${change} where id = $1`, [sessionId]);
      expect((await refresh(refreshToken)).body.code).toBe('invalid_refresh_token');
      expect(await status(accessToken)).toBe(401);
    }
  });

  it('keeps no refresh token readable in the database', async () => {
    const first = await login(await addMember(a));
    const second = (await refresh(first.refreshToken)).body;
    const dump = JSON.stringify(await a.sql('select * from sessions where id = $1', [first.sessionId]));
    for (const { refreshToken, accessToken } of [first, second]) {
      expect(dump).not.toContain(refreshToken.split('.')[0]);
      expect(dump).not.toContain(accessToken);
    }
  });

  it('[S12] gives a browser its token only as a __Host- cookie, read only for its own pages', async () => {
    const user = await addMember(a);
    const origin = 'https://app.example.com';
    const answer = await a.call('POST', `${AUTH}/login`, {
      body: { email: user.email, password: user.password },
      headers: { origin },
    });
    expect(answer.body).not.toHaveProperty('refreshToken');
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^__Host-[^;]+; Path=\/; HttpOnly; Secure; SameSite=Strict; Max-Age=2592000$/);
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
    const pair = cookie.split(';')[0] ?? '';
    const use = (headers: Record<string, string>) => a.call('POST', `${AUTH}/refresh`, { headers });
    expect((await use({ cookie: pair })).status).toBe(401);
    expect((await use({ cookie: pair, origin: 'https://evil.example' })).status).toBe(401);
    const next = await use({ cookie: `other=1; ${pair}`, origin });
    expect(next.status).toBe(200);
    expect(next.body).not.toHaveProperty('refreshToken');
    const out = await a.call('POST', `${AUTH}/logout`, { token: next.body.accessToken, headers: { origin } });
    expect(out.headers.get('set-cookie')).toContain('Max-Age=0');
  });
});

describe('sessions', () => {
  it('[S08] a logout on one instance holds on the other at once, for both tokens', async () => {
    const { accessToken, refreshToken } = await login(await addMember(a));
    expect(await status(accessToken, b)).toBe(200);
    expect((await a.call('POST', `${AUTH}/logout`, { token: accessToken })).status).toBe(204);
    expect(await status(accessToken, b)).toBe(401);
    expect((await refresh(refreshToken, b)).status).toBe(401);
  });

  it('[S08] a disabled user and a lost role hold on the other instance at once', async () => {
    const user = await addMember(a, 'admin');
    expect((await b.call('GET', '/api/v1/users', { token: user.token })).status).toBe(200);
    const admin = await a.login();
    const change = (body: object) => a.call('PATCH', `/api/v1/users/${user.id}`, { token: admin, body });
    expect((await change({ role: 'member' })).status).toBe(200);
    expect((await b.call('GET', '/api/v1/users', { token: user.token })).status).toBe(403);
    expect((await change({ disabled: true })).status).toBe(200);
    expect(await status(user.token, b)).toBe(401);
  });

  it('are listed with device and address, the own one marked', async () => {
    const user = await addMember(a);
    const { accessToken, sessionId } = await login(user, { 'user-agent': 'Test/1.0' });
    const list = await a.call('GET', SESSIONS, { token: accessToken });
    expect(list.body.items).toHaveLength(2);
    expect(list.body.items[0]).toMatchObject({
      id: sessionId,
      device: 'Test/1.0',
      ip: '127.0.0.1',
      current: true,
    });
    expect(list.body.items[1].current).toBe(false);
    expect(Object.keys(list.body.items[0]).sort()).toEqual([
      'createdAt',
      'current',
      'device',
      'id',
      'ip',
      'lastSeenAt',
    ]);
    const current = await a.call('GET', `${SESSIONS}/current`, { token: accessToken });
    expect(current.body.id).toBe(sessionId);
    const page = await a.call('GET', `${SESSIONS}?limit=1`, { token: accessToken });
    const rest = await a.call('GET', `${SESSIONS}?limit=1&cursor=${page.body.nextCursor}`, {
      token: accessToken,
    });
    expect(rest.body).toMatchObject({ items: [{ current: false }], nextCursor: null });
  });

  it('can be ended one by one, by the owner alone', async () => {
    const user = await addMember(a);
    const stranger = await addMember(a);
    const { accessToken, sessionId } = await login(user);
    const end = (token: string) => a.call('DELETE', `${SESSIONS}/${sessionId}`, { token });
    expect((await end(stranger.token)).body.code).toBe('session_not_found');
    expect(await status(accessToken)).toBe(200);
    expect((await end(user.token)).status).toBe(204);
    expect(await status(accessToken)).toBe(401);
    expect((await end(user.token)).status).toBe(404);
    expect((await a.call('GET', `${SESSIONS}/${sessionId}`, { token: user.token })).status).toBe(404);
  });

  it('can be ended all but this one', async () => {
    const user = await addMember(a);
    const others = [await login(user), await login(user)];
    expect((await a.call('DELETE', SESSIONS, { token: user.token })).status).toBe(204);
    for (const other of others) expect(await status(other.accessToken)).toBe(401);
    expect(await status(user.token)).toBe(200);
  });

  it('write when they were last seen at most once a minute', async () => {
    const { accessToken, sessionId } = await login(await addMember(a));
    const seen = async () =>
      (
        await a.sql<{ at: Date }>('select last_seen_at as at from sessions where id = $1', [sessionId])
      )[0]?.at.getTime();
    const before = await seen();
    await status(accessToken);
    expect(await seen()).toBe(before);
    await a.sql(`update sessions set last_seen_at = now() - interval '61 seconds' where id = $1`, [
      sessionId,
    ]);
    await status(accessToken);
    expect(await seen()).toBeGreaterThan(Date.now() - 30_000);
  });

  it('do not exist for an API key', async () => {
    const admin = await a.login();
    const { body } = await a.call('POST', '/api/v1/api-keys', {
      token: admin,
      body: { name: 'x', scopes: ['admin'] },
    });
    expect((await a.call('POST', `${AUTH}/logout`, { token: body.key })).body.code).toBe('no_session');
  });
});
