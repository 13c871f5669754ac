import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { createApp, stopApp } from '../../src/app.js';
import { readEnv } from '../../src/config/env.js';
import { caller, testEnvironment } from '../support/test-app.js';

const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-key-'));
const file = path.join(folder, 'admin.key');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts on the embedded default in `folder`, tries keys, stops. */
async function tryKeys(...keys: string[]): Promise<number[]> {
  const app = await createApp(
    readEnv({ ...testEnvironment('', folder), DATABASE_URL: '', ENCRYPTION_KEYS: '', ADMIN_PASSWORD: '' }),
  );
  try {
    await app.listen(0, '127.0.0.1');
    const call = caller(await app.getUrl());
    const statuses: number[] = [];
    for (const token of [readFileSync(file, 'utf8').trim(), ...keys]) {
      const me = await call('GET', '/api/v1/auth/me', { token });
      statuses.push(me.status);
      if (me.status === 200) expect(me.body.role).toBe('admin');
    }
    return statuses;
  } finally {
    await stopApp(app);
  }
}

it('writes an admin key on the embedded default, keeps it, and replaces a lost one', async () => {
  expect(await tryKeys()).toEqual([200]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const first = readFileSync(file, 'utf8').trim();
  expect(await tryKeys(first)).toEqual([200, 200]);
  expect(readFileSync(file, 'utf8').trim()).toBe(first);
  rmSync(file);
  expect(await tryKeys(first)).toEqual([200, 401]);
}, 90_000);
