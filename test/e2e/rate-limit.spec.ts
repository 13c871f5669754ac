import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addMember } from '../support/accounts.js';
import { ADMIN, startTestApp, type TestApp } from '../support/test-app.js';

let server: TestApp;
beforeAll(async () => {
  server = await startTestApp({ RATE_LIMIT_PER_MINUTE: '60', TRUST_PROXY_HOPS: '1' });
});
afterAll(() => server?.stop());

/** As if the request came from this address, through the one proxy. */
const from = (ip: string) => ({ 'x-forwarded-for': ip });
const login = (email: string, password: string, ip: string) =>
  server.call('POST', '/api/v1/auth/login', { body: { email, password }, headers: from(ip) });
const statuses = async (count: number, call: () => Promise<{ status: number }>) => {
  const found: number[] = [];
  for (let index = 0; index < count; index += 1) found.push((await call()).status);
  return found;
};

describe('[S16] guessing passwords', () => {
  it('stops after 5 failures of one address, for accounts that exist or not; others are not hurt', async () => {
    const other = await addMember(server);
    for (const email of [ADMIN.email, 'nobody@example.com']) {
      const ip = email === ADMIN.email ? '192.0.2.1' : '192.0.2.2';
      expect(await statuses(5, () => login(email, 'wrong', ip))).toEqual([401, 401, 401, 401, 401]);
      const sixth = await login(email, ADMIN.password, ip);
      expect([sixth.status, sixth.body.code]).toEqual([429, 'rate_limited']);
      expect(Number(sixth.headers.get('retry-after'))).toBeGreaterThan(800);
      expect((await login(email.toUpperCase(), 'wrong', ip)).status).toBe(429);
    }
    expect((await login(other.email, other.password, '192.0.2.1')).status).toBe(200);
    expect((await login(ADMIN.email, ADMIN.password, '192.0.2.3')).status).toBe(200);
  });

  it('does not count successes', async () => {
    const user = await addMember(server);
    expect(await statuses(12, () => login(user.email, user.password, '192.0.2.4'))).toEqual(
      Array(12).fill(200),
    );
  });

  it('counts parallel guesses too', async () => {
    const user = await addMember(server);
    const answers = await Promise.all(
      Array.from({ length: 15 }, () => login(user.email, 'wrong', '192.0.2.5')),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
  });

  it('stops one address that tries many accounts', async () => {
    let count = 0;
    const found = await statuses(22, () => login(`u${(count += 1)}@example.com`, 'wrong', '192.0.2.6'));
    expect(found.slice(0, 20)).toEqual(Array(20).fill(401));
    expect(found.slice(20)).toEqual([429, 429]);
  });

  it('does not let a stranger lock out the owner of an account', async () => {
    const user = await addMember(server);
    await statuses(8, () => login(user.email, 'wrong', '192.0.2.7'));
    expect((await login(user.email, user.password, '192.0.2.8')).status).toBe(200);
  });
});

describe('RATE_LIMIT_PER_MINUTE', () => {
  it('counts a caller by himself, over all his credentials, and says how much is left', async () => {
    const [busy, calm] = [await addMember(server), await addMember(server)];
    const key = await server.call('POST', '/api/v1/api-keys', {
      token: busy.token,
      body: { name: 'k', scopes: ['runs'] },
    });
    const me = (token: string) => server.call('GET', '/api/v1/auth/me', { token });
    const first = await me(busy.token);
    expect(first.headers.get('ratelimit-limit')).toBe('60');
    expect(first.headers.get('ratelimit-remaining')).toBe('58');
    expect(Number(first.headers.get('ratelimit-reset'))).toBeLessThanOrEqual(60);
    expect(await statuses(58, () => me(key.body.key))).toEqual(Array(58).fill(200));
    const over = await me(busy.token);
    expect([over.status, over.body.code]).toEqual([429, 'rate_limited']);
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await me(calm.token)).status).toBe(200);
  });

  it('counts unknown callers by address, bad credentials included; probes are free', async () => {
    const me = () =>
      server.call('GET', '/api/v1/auth/me', { token: `mcp_${'A'.repeat(49)}`, headers: from('2001:db8::1') });
    expect(await statuses(60, me)).toEqual(Array(60).fill(401));
    const neighbour = await server.call('GET', '/api/v1/auth/me', { headers: from('2001:db8::ffff:2') });
    expect(neighbour.status).toBe(429);
    const elsewhere = await server.call('GET', '/api/v1/auth/me', { headers: from('2001:db8:0:1::1') });
    expect(elsewhere.status).toBe(401);
    const probe = await server.call('GET', '/health/live', { headers: from('2001:db8::1') });
    expect(probe.status).toBe(200);
    expect(probe.headers.get('ratelimit-limit')).toBeNull();
  });
});
