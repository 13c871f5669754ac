import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { AuthorisedFetch, type SecretAuth } from '../../src/tools/secrets/authorised-fetch.js';
import { SecretRow } from '../../src/tools/secrets/secret.entity.js';
import { SecretsRepository } from '../../src/tools/secrets/secrets.repository.js';
import { SecretVault } from '../../src/tools/secrets/secret-vault.service.js';
import { addMember } from '../support/accounts.js';
import { readEnv } from '../../src/config/env.js';
import { makeLogger } from '../../src/platform/telemetry/logger.js';
import { startTestApp, testEnvironment, type TestApp } from '../support/test-app.js';

const VALUE = `canary-${randomBytes(12).toString('hex')}`;
const OLD_KEY = `old:${randomBytes(32).toString('base64')}`;
const NEW_KEY = `new:${randomBytes(32).toString('base64')}`;

let server: TestApp;
let token: string;
let here: Server;
let elsewhere: Server;
let origin: string;
let otherOrigin: string;
const seen: { url: string; headers: IncomingHttpHeaders }[] = [];

async function listen(): Promise<[Server, string]> {
  const one = createServer((request, response) => {
    const { url = '', headers } = request;
    seen.push({ url, headers });
    const to = /[?&]to=([^&]*)/.exec(url)?.[1];
    if (to !== undefined) response.writeHead(302, { location: decodeURIComponent(to) });
    response.end(JSON.stringify({ headers }));
  });
  await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
  return [one, `http://127.0.0.1:${(one.address() as AddressInfo).port}`];
}

/** Calls with `ctx.secret`, and says what it saw. */
const TOOL = `export default { name: 'asks', description: 'Asks a server', annotations: { readOnlyHint: true },
  input: { type: 'object', properties: { url: { type: 'string' }, secret: { type: 'string' }, header: { type: 'string' }, basic: { type: 'boolean' } }, required: ['url', 'secret'] },
  run: async ({ url, secret, header = 'authorization', basic }, { fetch, secret: reveal }) => {
    const placeholder = await reveal(secret);
    const value = basic ? 'Basic ' + Buffer.from('me:' + placeholder).toString('base64') : 'Bearer ' + placeholder;
    const response = await fetch(url, { headers: { [header]: value } });
    return { placeholder, body: await response.text() };
  } }`;

beforeAll(async () => {
  [here, origin] = await listen();
  [elsewhere, otherOrigin] = await listen();
  const extensions = mkdtempSync(path.join(tmpdir(), 'mcp-server-secrets-'));
  mkdirSync(extensions, { recursive: true });
  writeFileSync(path.join(extensions, 'asks.tool.mjs'), TOOL);
  server = await startTestApp({
    EGRESS_ALLOW: '127.0.0.0/8',
    EXTENSIONS_DIR: extensions,
    ENCRYPTION_KEYS: OLD_KEY,
  });
  token = await server.login();
});
afterAll(async () => {
  here?.close();
  elsewhere?.close();
  await server?.stop();
});
beforeEach(() => {
  seen.length = 0;
});

const put = (name: string, value = VALUE, origins = [origin]) =>
  server.call('PUT', `/api/v1/secrets/${name}`, { token, body: { value, origins } });
const last = () => seen.at(-1)?.headers ?? {};

describe('the secrets API', () => {
  it('takes a value and never gives it or its length back', async () => {
    const stored = await put('orders');
    expect(stored).toMatchObject({
      status: 200,
      body: { name: 'orders', origins: [origin], keyId: 'old', version: 1 },
    });
    const again = await put('orders', VALUE, [`${origin}/`, 'https://API.example.com:443']);
    expect(again.body).toMatchObject({ origins: [origin, 'https://api.example.com'], version: 2 });
    const list = await server.call('GET', '/api/v1/secrets', { token });
    expect(list.body.items).toHaveLength(1);
    for (const shown of [stored.body, again.body, list.body.items[0]])
      expect(Object.keys(shown).sort()).toEqual([
        'createdAt',
        'keyId',
        'name',
        'origins',
        'updatedAt',
        'version',
      ]);
    expect((await server.call('GET', '/api/v1/secrets/orders', { token })).status).toBe(404);
  });

  it('is for admins only, and refuses what it cannot keep safe', async () => {
    const member = await addMember(server);
    const body = { value: VALUE, origins: [origin] };
    for (const [method, route] of [
      ['GET', ''],
      ['PUT', '/x'],
      ['DELETE', '/orders'],
      ['POST', '/rotate'],
    ] as const)
      expect(
        await server.call(method, `/api/v1/secrets${route}`, {
          token: member.token,
          ...(method === 'PUT' && { body }),
        }),
      ).toMatchObject({ status: 403 });
    for (const [value, origins] of [
      ['short', [origin]],
      [VALUE, []],
      [VALUE, ['https://api.example.com/path']],
      [VALUE, ['https://user@api.example.com']],
      [VALUE, ['file:///etc/passwd']],
      [VALUE, ['*']],
    ] as const)
      expect(await put('bad', value, [...origins])).toMatchObject({ status: 400 });
    expect(await put('mcp:internal')).toMatchObject({ status: 400 });
  });

  it('forgets', async () => {
    await put('short-lived');
    expect((await server.call('DELETE', '/api/v1/secrets/short-lived', { token })).status).toBe(204);
    expect(await server.call('DELETE', '/api/v1/secrets/short-lived', { token })).toMatchObject({
      status: 404,
      body: { code: 'secret_not_found' },
    });
  });

  it("keeps the server's own credentials out of the list", async () => {
    const vault = server.app.get(SecretVault, { strict: false });
    await vault.keep('mcp:s1:u1', 'an-upstream-token', [origin]);
    await vault.keep('mcp:s2:u1', 'an-upstream-token', [origin]);
    expect(await vault.reveal('mcp:s1:u1', `${origin}/path`)).toBe('an-upstream-token');
    const list = await server.call('GET', '/api/v1/secrets', { token });
    expect(JSON.stringify(list.body)).not.toContain('mcp:');
    await vault.forgetAll('mcp:s1:');
    await expect(vault.reveal('mcp:s1:u1', origin)).rejects.toMatchObject({ code: 'secret_not_found' });
    expect(await vault.reveal('mcp:s2:u1', origin)).toBe('an-upstream-token');
  });
});

describe('an authorised fetch', () => {
  const ask = (auth: SecretAuth, url = `${origin}/x`) =>
    server.app.get(AuthorisedFetch, { strict: false }).with(auth)(url, {
      headers: { authorization: 'Bearer of-the-caller', 'x-api-key': 'of-the-caller' },
    });
  beforeEach(() => put('orders'));

  it('signs in by bearer, basic, header and query', async () => {
    await ask({ type: 'bearer', secret: 'orders' });
    expect(last().authorization).toBe(`Bearer ${VALUE}`);
    await ask({ type: 'basic', secret: 'orders', username: 'jörg' });
    expect(last().authorization).toBe(`Basic ${Buffer.from(`jörg:${VALUE}`).toString('base64')}`);
    await ask({ type: 'header', secret: 'orders', name: 'X-Api-Key' });
    expect(last()['x-api-key']).toBe(VALUE);
    const response = await ask({ type: 'query', secret: 'orders', name: 'key' }, `${origin}/x?a=1`);
    expect(seen.at(-1)?.url).toBe(`/x?a=1&key=${VALUE}`);
    expect(response.url).toBe(`${origin}/x?a=1`);
  });

  it('[S62] sends a secret to no origin that it is not bound to', async () => {
    const call = ask({ type: 'bearer', secret: 'orders' }, `${otherOrigin}/x`);
    await expect(call).rejects.toMatchObject({ code: 'secret_origin_mismatch' });
    expect(seen).toEqual([]);
    await expect(ask({ type: 'bearer', secret: 'none' })).rejects.toMatchObject({ code: 'secret_not_found' });
  });

  it('[S51] [S62] drops it on the first redirect to another origin, also on the way back', async () => {
    const back = encodeURIComponent(`${origin}/back`);
    const away = encodeURIComponent(`${otherOrigin}/away?to=${back}`);
    for (const auth of [
      { type: 'bearer', secret: 'orders' },
      { type: 'query', secret: 'orders', name: 'key' },
      { type: 'header', secret: 'orders', name: 'x-mine' },
    ] as const) {
      seen.length = 0;
      await ask(auth, `${origin}/start?to=${away}`);
      expect(seen.map(({ url }) => url.split('?')[0])).toEqual(['/start', '/away', '/back']);
      expect(JSON.stringify(seen[0])).toContain(VALUE);
      expect(JSON.stringify(seen.slice(1))).not.toContain(VALUE);
    }
    await ask({ type: 'bearer', secret: 'orders' }, `${origin}/start?to=${encodeURIComponent('/same')}`);
    expect(last().authorization).toBe(`Bearer ${VALUE}`);
  });
});

describe('ctx.secret of a tool in code', () => {
  const call = (args: object) =>
    server.call('POST', '/api/v1/tools/asks/call', { token, body: { arguments: args } });
  beforeEach(() => put('orders'));

  it('is a placeholder that only the way out fills in', async () => {
    const { body } = await call({ url: origin, secret: 'orders' });
    expect(last().authorization).toBe(`Bearer ${VALUE}`);
    expect(body.structuredContent.placeholder).toMatch(/^secret-placeholder-/);
    // The server echoes its headers: the value does not come back to the caller.
    expect(body.structuredContent.body).toContain('Bearer [redacted]');
    await call({ url: origin, secret: 'orders', basic: true });
    expect(last().authorization).toBe(`Basic ${Buffer.from(`me:${VALUE}`).toString('base64')}`);
  });

  it('[S62] stays with the origins of the secret', async () => {
    expect((await call({ url: otherOrigin, secret: 'orders' })).body).toMatchObject({
      isError: true,
      errorCode: 'secret_origin_mismatch',
    });
    expect(seen).toEqual([]);
    const away = `${origin}/?to=${encodeURIComponent(`${otherOrigin}/away`)}`;
    await call({ url: away, secret: 'orders', header: 'x-odd' });
    expect(seen.map(({ headers }) => headers['x-odd'])).toEqual([`Bearer ${VALUE}`, undefined]);
    expect((await call({ url: origin, secret: 'none' })).body).toMatchObject({
      isError: true,
      errorCode: 'secret_not_found',
    });
  });
});

const rowsOf = (app: TestApp, take: number) =>
  app.app
    .get(DataSource, { strict: false })
    .getRepository(SecretRow)
    .find({ order: { id: 'ASC' }, take });

describe('secrets at rest', () => {
  const vault = (app = server) => app.app.get(SecretVault, { strict: false });
  const audited = () =>
    server.sql<{ target_id: string }>(`select target_id from audit_log where action = 'secret.unreadable'`);

  it('[S59] opens neither a moved nor a changed ciphertext, and audits the try', async () => {
    await put('one', 'the-value-of-one');
    await put('two', 'the-value-of-two');
    const [two] = await server.sql<{ sealed: string }>(`select * from secrets where name = 'two'`);
    const [one] = await server.sql<{ sealed: string; wrapped_key: string }>(
      `select * from secrets where name = 'one'`,
    );
    await server.sql(
      `update secrets set (sealed, wrapped_key) = (select sealed, wrapped_key from secrets where name = 'one') where name = 'two'`,
    );
    await expect(vault().reveal('two', origin)).rejects.toMatchObject({ code: 'secret_unreadable' });
    const flipped = one?.sealed.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'));
    await server.sql(`update secrets set sealed = $1 where name = 'one'`, [flipped]);
    await expect(vault().reveal('one', origin)).rejects.toMatchObject({ code: 'secret_unreadable' });
    expect((await audited()).map((row) => row.target_id)).toEqual(['two', 'one']);
    expect(two?.sealed).not.toBe(one?.sealed);
    await put('one', 'the-value-of-one');
    await server.call('DELETE', '/api/v1/secrets/two', { token });
    expect(await vault().reveal('one', origin)).toBe('the-value-of-one');
  });

  it('[S60] is rotated online, goes on where it was stopped, and needs the old key no more', async () => {
    for (let n = 0; n < 250; n += 1) await vault().keep(`bulk-${n}`, `value number ${n}`, [origin]);
    const environment = { DATABASE_URL: server.databaseUrl, EGRESS_ALLOW: '127.0.0.0/8' };
    const both = await startTestApp({ ...environment, ENCRYPTION_KEYS: `${NEW_KEY},${OLD_KEY}` });
    try {
      // Stopped half way: some rows name the new key, the others still the old one, and all are readable.
      const stopped = jest
        .spyOn(both.app.get(SecretsRepository, { strict: false }), 'toRewrap')
        .mockImplementationOnce((_keyId, _after, take) => rowsOf(both, take))
        .mockRejectedValueOnce(new Error('stopped'));
      await expect(vault(both).rotate()).rejects.toThrow('stopped');
      stopped.mockRestore();
      const [count] = await both.sql<{ n: number }>(
        `select count(*)::int n from secrets where key_id = 'new'`,
      );
      expect(count?.n).toBe(100);
      for (let n = 0; n < 250; n += 50)
        expect(await vault(both).reveal(`bulk-${n}`, origin)).toBe(`value number ${n}`);
      expect(await vault(both).rotate()).toMatchObject({ keyId: 'new', unreadable: [] });
      await vault().keep('bulk-7', 'written by the instance with the old key', [origin]);
      const reading = new AbortController();
      const errors: unknown[] = [];
      const traffic = (async () => {
        while (!reading.signal.aborted)
          await vault(both)
            .reveal('bulk-7', origin)
            .catch((error: unknown) => errors.push(error));
      })();
      const again = await both.call('POST', '/api/v1/secrets/rotate', { token: await both.login() });
      reading.abort();
      await traffic;
      expect(errors).toEqual([]);
      expect(again.body).toEqual({ keyId: 'new', rewrapped: 1, unreadable: [] });
    } finally {
      await both.stop();
    }
    const fresh = await startTestApp({ ...environment, ENCRYPTION_KEYS: NEW_KEY }).catch(
      (error: Error) => error,
    );
    if (fresh instanceof Error) throw fresh;
    try {
      for (let n = 0; n < 250; n += 1)
        if (n !== 7) expect(await vault(fresh).reveal(`bulk-${n}`, origin)).toBe(`value number ${n}`);
    } finally {
      await fresh.stop();
    }
  });
});

describe('a value that was used', () => {
  const forms = [VALUE, encodeURIComponent(VALUE), Buffer.from(VALUE).toString('base64').replace(/=+$/, '')];
  const holds = (text: string) => forms.filter((form) => text.includes(form));

  it('[S61] is masked in every line of the log, in every form', async () => {
    const lines: string[] = [];
    const env = readEnv({ ...testEnvironment(server.databaseUrl, server.folder), LOG_LEVEL: 'trace' });
    const logger = makeLogger(env, { write: (line: string) => lines.push(line) });
    for (const form of forms) {
      logger.debug(
        { header: `Bearer ${form}`, nested: { url: `https://a.example/?key=${form}` } },
        `sent ${form}`,
      );
      logger.error({ err: new Error(`the server said ${form}`) });
    }
    expect(lines).toHaveLength(6);
    expect(lines.flatMap(holds)).toEqual([]);
    expect(lines.join('')).toContain('[redacted]');
  });
});
