import { randomUUID } from 'node:crypto';
import { UsersService } from '../../src/users/users.service.js';
import { hashPassword } from '../../src/users/passwords.js';
import { type TestApp } from './test-app.js';

export interface TestAccount {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  /** An access token of a login session. */
  readonly token: string;
}

/** A new account, logged in. */
export async function addMember(server: TestApp, role: 'admin' | 'member' = 'member'): Promise<TestAccount> {
  const email = `u-${randomUUID()}@example.com`;
  const password = `pass phrase ${randomUUID()}`;
  const user = await server.app
    .get(UsersService, { strict: false })
    .create({ email, name: null, role, passwordHash: await hashPassword(password) });
  return { id: user.id, email, password, token: await server.login({ email, password }) };
}
