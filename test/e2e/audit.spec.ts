import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { addMember } from '../support/accounts.js';
import { startTestApp, type TestApp, type TestResponse } from '../support/test-app.js';

let server: TestApp;
let admin: string;
beforeAll(async () => {
  server = await startTestApp({ REGISTRATION: 'open' });
  admin = await server.login();
});
afterAll(() => server?.stop());

const NEW = { email: 'new@example.com', password: 'a long enough phrase' };

/** What is done, and what is there afterwards; the audit refuses to write the first one down. */
const DEEDS: readonly (readonly [
  action: string,
  prepare: () => Promise<{ act: () => Promise<TestResponse>; state: () => Promise<unknown> }>,
])[] = [
  [
    'user.created',
    async () => ({
      act: () => server.call('POST', '/api/v1/users', { token: admin, body: { ...NEW, role: 'member' } }),
      state: () => server.sql('select id from users order by id'),
    }),
  ],
  [
    'user.registered',
    async () => ({
      act: () => server.call('POST', '/api/v1/auth/register', { body: { ...NEW, email: 'r@example.com' } }),
      state: () => server.sql('select id from users order by id'),
    }),
  ],
  [
    'password.changed',
    async () => {
      const { token, email, password } = await addMember(server);
      const body = { currentPassword: password, newPassword: 'another long phrase' };
      await server.login({ email, password });
      return {
        act: () => server.call('POST', '/api/v1/auth/password', { token, body }),
        state: () =>
          server.sql(
            'select u.password_hash, s.revoked_at from users u join sessions s on s.user_id = u.id where u.email = $1 order by s.id',
            [email],
          ),
      };
    },
  ],
  [
    'api_key.revoked',
    async () => {
      const body = { name: 'key', scopes: ['runs'] };
      const { id } = (await server.call('POST', '/api/v1/api-keys', { token: admin, body })).body;
      return {
        act: () => server.call('DELETE', `/api/v1/api-keys/${id}`, { token: admin }),
        state: () => server.sql('select id from api_keys where id = $1', [id]),
      };
    },
  ],
  [
    'session.ended',
    async () => {
      const { token, id } = await addMember(server);
      return {
        act: () => server.call('DELETE', '/api/v1/sessions/current', { token }),
        state: () => server.sql('select revoked_at from sessions where user_id = $1', [id]),
      };
    },
  ],
];

it.each(DEEDS)(
  '[S80] %s is written down together with what was done, or neither is',
  async (action, prepare) => {
    const { act, state } = await prepare();
    const before = await state();
    await server.sql(`create function refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$;
    create trigger refuse before insert on audit_log for each row when (new.action = '${action}') execute function refuse()`);
    expect((await act()).status).toBe(500);
    expect(await state()).toEqual(before);
    await server.sql('drop function refuse cascade');
    expect((await act()).status).toBeLessThan(300);
    expect(await state()).not.toEqual(before);
  },
);
