import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addMember } from '../support/accounts.js';
import { ADMIN, startTestApp, type TestApp } from '../support/test-app.js';

const USERS = '/api/v1/users';
let server: TestApp;
let admin: string;
let adminId: string;
beforeAll(async () => {
  server = await startTestApp();
  admin = await server.login();
  adminId = (await server.call('GET', '/api/v1/auth/me', { token: admin })).body.id;
});
afterAll(() => server?.stop());

const patch = (id: string, body: object, token = admin) =>
  server.call('PATCH', `${USERS}/${id}`, { token, body });
const remove = (id: string, token = admin) => server.call('DELETE', `${USERS}/${id}`, { token });

describe('accounts', () => {
  it('are made, listed, read, renamed and removed by an admin', async () => {
    const body = { email: 'made@example.com', password: 'seven tall green pines', name: 'Made' };
    const made = await server.call('POST', USERS, { token: admin, body });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ email: body.email, role: 'member', disabled: false });
    expect(JSON.stringify(made.body)).not.toContain('argon2');
    await server.login(body);
    const { id } = made.body;
    const list = await server.call('GET', `${USERS}?limit=1`, { token: admin });
    expect(list.body.items[0].id).toBe(id);
    expect(list.body.nextCursor).toEqual(expect.any(String));
    expect((await patch(id, { name: 'Renamed' })).body.name).toBe('Renamed');
    expect((await remove(id)).status).toBe(204);
    expect((await server.call('GET', `${USERS}/${id}`, { token: admin })).body.code).toBe('user_not_found');
    expect((await patch(id, { name: 'x' })).status).toBe(404);
    expect((await remove(id)).status).toBe(404);
  });

  it('are not made twice, nor with a weak password', async () => {
    const body = { email: ADMIN.email.toUpperCase(), password: 'seven tall green pines' };
    expect((await server.call('POST', USERS, { token: admin, body })).body.code).toBe('email_taken');
    const weak = { email: 'weak@example.com', password: 'Password1234' };
    expect((await server.call('POST', USERS, { token: admin, body: weak })).body.code).toBe(
      'password_common',
    );
  });

  it('[S25] are closed to members, and to keys of admins without the scope', async () => {
    const member = await addMember(server);
    const key = await server.call('POST', '/api/v1/api-keys', {
      token: admin,
      body: { name: 'narrow', scopes: ['runs', 'tools:manage'] },
    });
    for (const token of [member.token, key.body.key]) {
      for (const answer of [
        await server.call('GET', USERS, { token }),
        await patch(member.id, { role: 'admin' }, token),
        await remove(member.id, token),
      ]) {
        expect([answer.status, answer.body.code]).toEqual([403, 'insufficient_scope']);
        expect(answer.headers.get('www-authenticate')).toBe(
          'Bearer error="insufficient_scope", scope="admin"',
        );
      }
    }
  });

  it('[S25] nobody changes his own role; the last admin stays', async () => {
    expect((await patch(adminId, { role: 'member' })).body.code).toBe('own_role');
    expect((await patch(adminId, { disabled: true })).body.code).toBe('last_admin');
    expect((await remove(adminId)).body.code).toBe('last_admin');
    const second = await addMember(server, 'admin');
    await patch(second.id, { disabled: true });
    expect((await remove(adminId)).body.code).toBe('last_admin');
    expect((await remove(second.id)).status).toBe(204);
  });

  it('[S25] two admins who demote each other at once leave one', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [one, two] = [await addMember(server, 'admin'), await addMember(server, 'admin')];
      await server.sql(`update users set role = 'member' where id = $1`, [adminId]);
      await Promise.all([
        patch(one.id, { role: 'member' }, two.token),
        patch(two.id, { role: 'member' }, one.token),
      ]);
      const left = await server.sql(`select id from users where role = 'admin'`);
      expect(left).toHaveLength(1);
      await server.sql(`update users set role = 'admin' where id = $1`, [adminId]);
      await server.sql('delete from users where id = any($1)', [[one.id, two.id]]);
    }
  });
});
