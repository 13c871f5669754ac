import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN, startTestApp, type TestApp } from '../support/test-app.js';
import { addMember } from '../support/accounts.js';

const KEYS = '/api/v1/api-keys';
let server: TestApp;
let admin: string;
beforeAll(async () => {
  server = await startTestApp();
  admin = await server.login();
});
afterAll(() => server?.stop());

async function makeKey(scopes: string[], token = admin, more: object = {}) {
  const answer = await server.call('POST', KEYS, { token, body: { name: 'test', scopes, ...more } });
  expect(answer.status).toBe(201);
  return answer.body as { id: string; key: string; scopes: string[]; expiresAt: string | null };
}
const me = (token: string) => server.call('GET', '/api/v1/auth/me', { token });

describe('API keys', () => {
  it('opens routes as its owner, with its own scopes only', async () => {
    const { key } = await makeKey(['conversations', 'mcp']);
    const answer = await me(key);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ email: ADMIN.email, scopes: ['conversations', 'mcp'] });
  });

  it('[S13] is shown once: neither lists nor a dump of the database hold it', async () => {
    const { key, id } = await makeKey(['runs']);
    const list = await server.call('GET', KEYS, { token: admin });
    expect(list.body.items.map((item: { id: string }) => item.id)).toContain(id);
    expect(JSON.stringify(list.body)).not.toMatch(/mcp_|hash/i);
    const dump = JSON.stringify(await server.sql('select row_to_json(k) from api_keys k'));
    expect(dump).toContain(id);
    const secret = key.slice(4, 47);
    const plainHash = createHash('sha256').update(key);
    for (const trace of [secret, plainHash.copy().digest('hex'), plainHash.digest('base64url')])
      expect(dump).not.toContain(trace);
  });

  it('[S13] ends at once when it is revoked, and cannot be revoked by another user', async () => {
    const { key, id } = await makeKey(['runs']);
    const member = await addMember(server);
    const foreign = await server.call('DELETE', `${KEYS}/${id}`, { token: member.token });
    expect(foreign.status).toBe(404);
    expect((await me(key)).status).toBe(200);
    expect((await server.call('DELETE', `${KEYS}/${id}`, { token: admin })).status).toBe(204);
    expect((await me(key)).status).toBe(401);
    expect((await server.call('DELETE', `${KEYS}/${id}`, { token: admin })).body.code).toBe(
      'api_key_not_found',
    );
  });

  it('refuses a wrong, cut, lengthened or mistyped key', async () => {
    const { key } = await makeKey(['runs']);
    const flipped = key.slice(0, 20) + (key[20] === 'A' ? 'B' : 'A') + key.slice(21);
    for (const bad of [
      flipped,
      key.slice(0, -1),
      `${key}A`,
      `mcp_${'A'.repeat(49)}`,
      'mcp_',
      key.toUpperCase(),
    ]) {
      const answer = await me(bad);
      expect([answer.status, answer.body.code]).toEqual([401, 'invalid_token']);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    }
  });

  it('takes scopes that the maker holds, no others', async () => {
    const member = await addMember(server);
    const answer = await server.call('POST', KEYS, {
      token: member.token,
      body: { name: 'x', scopes: ['runs', 'admin'] },
    });
    expect([answer.status, answer.body.code]).toEqual([403, 'insufficient_scope']);
    const unknown = await server.call('POST', KEYS, { token: admin, body: { name: 'x', scopes: ['root'] } });
    expect(unknown.status).toBe(400);
  });

  it('lets a narrow key make no other keys, and an admin key only what it holds itself', async () => {
    const narrow = await makeKey(['runs']);
    const body = { name: 'x', scopes: ['runs'] };
    expect((await server.call('POST', KEYS, { token: narrow.key, body })).status).toBe(403);
    const wide = await makeKey(['admin', 'runs']);
    expect((await server.call('POST', KEYS, { token: wide.key, body })).status).toBe(201);
    const more = { name: 'x', scopes: ['conversations'] };
    expect((await server.call('POST', KEYS, { token: wide.key, body: more })).status).toBe(403);
  });

  it('acts as a member when an admin made it without the scope admin', async () => {
    expect((await me((await makeKey(['tools:manage'])).key)).body.role).toBe('member');
    expect((await me((await makeKey(['admin'])).key)).body.role).toBe('admin');
  });

  it('loses admin scopes with the role of its owner, and everything when he is disabled', async () => {
    const member = await addMember(server, 'admin');
    const { key } = await makeKey(['admin', 'runs'], member.token);
    await server.sql(`update users set role = 'member' where id = $1`, [member.id]);
    expect((await me(key)).body).toMatchObject({ role: 'member', scopes: ['runs'] });
    await server.sql('update users set disabled_at = now() where id = $1', [member.id]);
    expect((await me(key)).status).toBe(401);
  });

  it('ends at expiresAt, which is at most 365 days ahead', async () => {
    const day = 86_400_000;
    for (const expiresAt of [
      new Date(Date.now() + 366 * day).toISOString(),
      '2020-01-01T00:00:00Z',
      'tomorrow',
    ]) {
      const answer = await server.call('POST', KEYS, {
        token: admin,
        body: { name: 'x', scopes: ['runs'], expiresAt },
      });
      expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([400, 'expiresAt']);
    }
    const { key, id } = await makeKey(['runs'], admin, {
      expiresAt: new Date(Date.now() + day).toISOString(),
    });
    expect((await me(key)).status).toBe(200);
    await server.sql(`update api_keys set expires_at = now() - interval '1 second' where id = $1`, [id]);
    expect((await me(key)).status).toBe(401);
  });

  it('writes its last use at most once a minute', async () => {
    const { key, id } = await makeKey(['runs']);
    const used = async () =>
      (
        await server.sql<{ at: Date | null }>('select last_used_at as at from api_keys where id = $1', [id])
      )[0]?.at;
    expect(await used()).toBeNull();
    await me(key);
    const first = await used();
    expect(first).toBeInstanceOf(Date);
    await me(key);
    expect(await used()).toEqual(first);
    await server.sql(`update api_keys set last_used_at = now() - interval '61 seconds' where id = $1`, [id]);
    await me(key);
    expect((await used())?.getTime()).toBeGreaterThanOrEqual(first?.getTime() ?? Infinity);
  });

  it('stops at 100 keys a user, also when many are made at once', async () => {
    const member = await addMember(server);
    const body = { name: 'x', scopes: ['runs'] };
    await server.sql(
      `insert into api_keys (id, user_id, name, key_hash, scopes)
       select gen_random_uuid(), $1, 'x', gen_random_uuid()::text, '{runs}' from generate_series(1, 97)`,
      [member.id],
    );
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => server.call('POST', KEYS, { token: member.token, body })),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([
      ...Array(3).fill(201),
      ...Array(7).fill(409),
    ]);
  });

  it('pages through a list that is the caller’s alone', async () => {
    const member = await addMember(server);
    for (let count = 0; count < 3; count += 1) await makeKey(['runs'], member.token);
    const first = await server.call('GET', `${KEYS}?limit=2`, { token: member.token });
    expect(first.body.items).toHaveLength(2);
    const rest = await server.call('GET', `${KEYS}?limit=2&cursor=${first.body.nextCursor}`, {
      token: member.token,
    });
    expect(rest.body.items).toHaveLength(1);
    expect(rest.body.nextCursor).toBeNull();
    const stolen = await server.call('GET', `${KEYS}?cursor=${first.body.nextCursor}`, { token: admin });
    expect(stolen.body.code).toBe('invalid_cursor');
  });
});
