import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createApp } from '../../src/app.js';
import { readEnv } from '../../src/config/env.js';
import { makeDatabase, startTestApp, testEnvironment, type TestApp } from '../support/test-app.js';

const ring = `k1:${randomBytes(32).toString('base64')}`;
const next = `k2:${randomBytes(32).toString('base64')}`;
let server: TestApp;
beforeAll(async () => {
  server = await startTestApp({ ENCRYPTION_KEYS: ring });
});
afterAll(() => server?.stop());

it('[S09] a retired key still verifies, a new one signs, and the key ring may rotate beneath both', async () => {
  const before = await server.login();
  const key = await server.call('POST', '/api/v1/api-keys', {
    token: before,
    body: { name: 'k', scopes: ['runs'] },
  });
  await server.sql('update signing_keys set retired_at = now()');
  const second = await startTestApp({
    DATABASE_URL: server.databaseUrl,
    ENCRYPTION_KEYS: `${next},${ring}`,
  });
  try {
    const after = await second.login();
    const kid = (token: string) =>
      (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;
    expect(kid(after)).not.toBe(kid(before));
    for (const token of [before, after, key.body.key as string])
      expect((await second.call('GET', '/api/v1/auth/me', { token })).status).toBe(200);
  } finally {
    await second.stop();
  }
  await server.sql(`delete from signing_keys where retired_at is null`);
  await server.sql('update signing_keys set retired_at = null');
});

it('[S10] a key ring that has lost the key of what is sealed stops the start, and says so', async () => {
  // The start with `next` first has sealed everything by it.
  const env = readEnv({ ...testEnvironment(server.databaseUrl, server.folder), ENCRYPTION_KEYS: ring });
  await expect(createApp(env)).rejects.toThrow(/ENCRYPTION_KEYS does not open/);
});

it('[S10] a common password for the first admin stops the start', async () => {
  const env = readEnv({
    ...testEnvironment(await makeDatabase(), server.folder),
    ADMIN_PASSWORD: 'Password1234',
  });
  await expect(createApp(env)).rejects.toThrow(/ADMIN_PASSWORD is one of those/);
});
