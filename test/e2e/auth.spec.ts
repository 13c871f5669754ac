import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN, startTestApp, type TestApp } from '../support/test-app.js';
import { addMember } from '../support/accounts.js';

const AUTH = '/api/v1/auth';
let server: TestApp;
beforeAll(async () => {
  server = await startTestApp({ REGISTRATION: 'open' });
});
afterAll(() => server?.stop());

const post = (route: string, body?: unknown, token?: string) =>
  server.call('POST', `${AUTH}/${route}`, { body, token });
const me = (token: string) => server.call('GET', `${AUTH}/me`, { token });

describe('login', () => {
  it('gives a token pair that opens /auth/me', async () => {
    const login = await post('login', ADMIN);
    expect(login.status).toBe(200);
    expect(login.body).toMatchObject({ tokenType: 'Bearer', expiresIn: 900 });
    expect(login.headers.get('set-cookie')).toBeNull();
    const answer = await me(login.body.accessToken);
    expect(answer.body).toMatchObject({ email: ADMIN.email, role: 'admin' });
    expect(answer.body).not.toHaveProperty('passwordHash');
  });

  it('[S17] answers a wrong password, an unknown user and a disabled one alike', async () => {
    const disabled = await addMember(server);
    await server.sql('update users set disabled_at = now() where id = $1', [disabled.id]);
    const answers = [
      await post('login', { ...ADMIN, password: 'not it at all' }),
      await post('login', { ...ADMIN, email: 'nobody@example.com' }),
      await post('login', { email: disabled.email, password: disabled.password }),
    ].map(({ status, headers, body }) => ({
      status,
      body: { ...body, traceId: 'any' },
      headers: [...headers.keys()].sort(),
    }));
    expect(answers[0]).toMatchObject({ status: 401, body: { code: 'invalid_credentials' } });
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  it('[S14] stores argon2id, and makes an outdated hash anew', async () => {
    const user = await addMember(server);
    const stored = async () =>
      (
        await server.sql<{ hash: string }>('select password_hash as hash from users where id = $1', [user.id])
      )[0]?.hash ?? '';
    const { hash } = await import('@node-rs/argon2');
    const old = await hash(user.password, { algorithm: 2, memoryCost: 8192, timeCost: 1, parallelism: 1 });
    await server.sql('update users set password_hash = $2 where id = $1', [user.id, old]);
    await server.login(user);
    const [, memory, time] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$/.exec(await stored()) ?? [];
    expect(Number(memory)).toBeGreaterThanOrEqual(19_456);
    expect(Number(time)).toBeGreaterThanOrEqual(2);
    await server.login(user);
  });

  it('names the field of a bad body', async () => {
    const answer = await post('login', { email: 'no', password: 'x', role: 'admin' });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body.code).toBe('invalid_request');
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain('email');
  });
});

describe('registration', () => {
  it('makes a member who can log in', async () => {
    const account = { email: 'new@example.com', password: 'four quiet grey herons', name: 'New' };
    const answer = await post('register', account);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ email: account.email, role: 'member', disabled: false });
    const token = await server.login(account);
    expect((await me(token)).body.scopes).not.toContain('admin');
    expect((await post('register', { ...account, email: 'NEW@example.com' })).body.code).toBe('email_taken');
  });

  it('[S23] takes no role from the caller', async () => {
    const body = { email: 'x@example.com', password: 'four quiet grey herons', role: 'admin' };
    expect((await post('register', body)).status).toBe(400);
  });

  it.each(['Password1234', 'qwertyuiop12', '123456789012', 'iloveyou2024!', 'adminadmin99', 'herbert-99999'])(
    '[S15] refuses the common password %s',
    async (password) => {
      const answer = await post('register', { email: 'herbert@example.com', password });
      expect([answer.status, answer.body.code]).toEqual([400, 'password_common']);
    },
  );

  it('[S15] counts 12 to 128 characters of any script', async () => {
    const attempt = async (password: string) =>
      (await post('register', { email: 'length@example.com', password })).status;
    expect(await attempt('x'.repeat(129))).toBe(400);
    expect(await attempt('kurz wie nie')).toBe(201);
    const decomposed = 'e\u0301'.repeat(127) + 'z';
    const account = { email: 'nfc@example.com', password: decomposed };
    expect((await post('register', account)).status).toBe(201);
    await server.login({ ...account, password: decomposed.normalize('NFC') });
  });
});

describe('changing the password', () => {
  it('needs the current one, and ends all other sessions but not this one', async () => {
    const user = await addMember(server);
    const other = await server.login(user);
    const change = { currentPassword: 'not this one', newPassword: 'nine slow brown owls' };
    expect((await post('password', change, user.token)).body.code).toBe('wrong_password');
    expect((await me(other)).status).toBe(200);
    expect((await post('password', { ...change, currentPassword: user.password }, user.token)).status).toBe(
      204,
    );
    expect((await me(other)).status).toBe(401);
    expect((await me(user.token)).status).toBe(200);
    expect((await post('login', { email: user.email, password: user.password })).status).toBe(401);
    await server.login({ email: user.email, password: change.newPassword });
  });

  it('is not open to a narrow API key', async () => {
    const user = await addMember(server);
    const key = await server.call('POST', '/api/v1/api-keys', {
      token: user.token,
      body: { name: 'narrow', scopes: ['runs'] },
    });
    const change = { currentPassword: user.password, newPassword: 'nine slow brown owls' };
    expect((await post('password', change, key.body.key)).status).toBe(403);
  });
});

describe('the guard', () => {
  it('answers 401 with a challenge when there is no credential', async () => {
    const answer = await server.call('GET', `${AUTH}/me`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('[S12] takes no token from the URL', async () => {
    const token = await server.login();
    const answer = await server.call('GET', `${AUTH}/me?access_token=${token}`);
    expect(answer.status).toBe(401);
  });
});

it('[S80] [S79] the audit log names what happened, holds no secret and shows tampering', async () => {
  const { AuditLog } = await import('../../src/audit/audit-log.service.js');
  const audit = server.app.get(AuditLog, { strict: false });
  const user = await addMember(server);
  await post('login', { email: user.email, password: 'wrong' });
  await post('logout', undefined, user.token);
  const rows = await server.sql<{ action: string }>(
    'select action from audit_log where target_id = $1::text or actor_id = $1::uuid order by sequence',
    [user.id],
  );
  expect(rows.map((row) => row.action)).toEqual(['login.succeeded', 'login.failed', 'session.ended']);
  const dump = JSON.stringify(await server.sql('select * from audit_log'));
  for (const secret of [user.email, user.password, user.token, ADMIN.email])
    expect(dump).not.toContain(secret);
  await expect(server.sql(`update audit_log set action = 'x'`)).rejects.toMatchObject({ code: '42501' });
  await expect(server.sql('delete from audit_log')).rejects.toMatchObject({ code: '42501' });
  await expect(server.sql('truncate audit_log')).rejects.toMatchObject({ code: '42501' });
  const whole = await audit.verify();
  expect(whole.brokenAt).toBeNull();
  expect(whole.entries).toBeGreaterThan(10);
  await server.sql(`alter table audit_log disable trigger all;
    update audit_log set details = details || '{"ip":"8.8.8.8"}' where sequence = 5;`);
  expect((await audit.verify()).brokenAt).toBe(5);
});
