import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { publicUrl, ENV, type Env } from '../../src/config/env.js';
import { SigningKeys } from '../../src/auth/signing-keys.service.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface Parts {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
}

let server: TestApp;
let good: Parts;
let key: KeyObject;
let publicPem: string;
let issuer: string;
beforeAll(async () => {
  server = await startTestApp();
  key = server.app.get(SigningKeys, { strict: false }).current.privateKey;
  publicPem = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
  issuer = publicUrl(server.app.get<Env>(ENV));
  const [header = '', claims = ''] = (await server.login()).split('.');
  good = { header: decode(header), claims: decode(claims) };
});
afterAll(() => server?.stop());

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (text: string) =>
  JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>;
const now = () => Math.floor(Date.now() / 1000);

/** A token signed with the server's own key: what is wrong is only what the test changes. */
function forge(header: Record<string, unknown> = {}, claims: Record<string, unknown> = {}, by = key): string {
  const body = `${encode({ ...good.header, ...header })}.${encode({ ...good.claims, ...claims })}`;
  const signature = sign('sha256', Buffer.from(body), { key: by, dsaEncoding: 'ieee-p1363' });
  return `${body}.${signature.toString('base64url')}`;
}

function hmacForge(secret: string | Buffer, alg = 'HS256'): string {
  const body = `${encode({ ...good.header, alg })}.${encode(good.claims)}`;
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}

async function opens(token: string): Promise<boolean> {
  const answer = await server.call('GET', '/api/v1/auth/me', { token });
  if (answer.status === 200) return true;
  expect([answer.status, answer.body.code]).toEqual([401, 'invalid_token']);
  expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
  return false;
}

it('the forger of this test is able: an honest token made by it opens', async () => {
  expect(await opens(forge())).toBe(true);
  expect(await opens(forge({}, { exp: now() - 3, iat: now() - 800 }))).toBe(true);
});

type Forgeries = Record<string, () => string>;
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

const ALGORITHMS: Forgeries = {
  'alg none, no signature': () => `${encode({ ...good.header, alg: 'none' })}.${encode(good.claims)}.`,
  'alg NoNe, any signature': () => `${encode({ ...good.header, alg: 'NoNe' })}.${encode(good.claims)}.AAAA`,
  'ES256, empty signature': () => `${forge().split('.').slice(0, 2).join('.')}.`,
  'ES256, signature of zeros': () =>
    `${forge().split('.').slice(0, 2).join('.')}.${Buffer.alloc(64).toString('base64url')}`,
  'HS256 with the public key as PEM': () => hmacForge(publicPem),
  'HS256 with the public key as JWK': () =>
    hmacForge(JSON.stringify(createPublicKey(publicPem).export({ format: 'jwk' }))),
  'HS256 with an empty key': () => hmacForge(''),
  'HMAC under the name ES256': () => hmacForge(publicPem, 'ES256'),
  'a key of one’s own': () => forge({}, {}, other),
  'claims of one token with the signature of another': () => {
    const [header, , signature] = forge().split('.');
    return `${header}.${encode({ ...good.claims, jti: 'another' })}.${signature}`;
  },
};

const HEADERS: Forgeries = {
  'typ JWT': () => forge({ typ: 'JWT' }),
  'no typ': () => forge({ typ: undefined }),
  'typ of an ID token': () => forge({ typ: 'id+jwt' }),
  'no kid': () => forge({ kid: undefined }),
  'kid with a path': () => forge({ kid: '../../dev/null' }),
  'kid with SQL': () => forge({ kid: `' or 1=1--` }),
  'kid as a list': () => forge({ kid: [good.header.kid] }),
  'kid of 10 kB': () => forge({ kid: 'k'.repeat(10_000) }),
  'jwk in the header': () => forge({ jwk: createPublicKey(other).export({ format: 'jwk' }) }, {}, other),
  'jku in the header': () => forge({ jku: 'http://127.0.0.1:9/keys' }),
  'x5u in the header': () => forge({ x5u: 'http://127.0.0.1:9/chain' }),
  'crit in the header': () => forge({ crit: ['x'], x: 1 }),
  'b64 false': () => forge({ b64: false, crit: ['b64'] }),
};

const CLAIMS: Forgeries = {
  'another audience': () => forge({}, { aud: 'https://other.example/api' }),
  'the audience of the other door': () => forge({}, { aud: `${issuer}/mcp` }),
  'no audience': () => forge({}, { aud: undefined }),
  'our audience beside another': () => forge({}, { aud: [`${issuer}/api`, 'https://other.example'] }),
  'an audience in other letters': () => forge({}, { aud: `${issuer}/API` }),
  'an issuer that looks like ours': () => forge({}, { iss: `${issuer}.evil.example` }),
  'no issuer': () => forge({}, { iss: undefined }),
  'exp a minute ago': () => forge({}, { exp: now() - 61 }),
  'no exp': () => forge({}, { exp: undefined }),
  'exp as text': () => forge({}, { exp: '9999999999' }),
  'exp as null': () => forge({}, { exp: null }),
  'nbf in ten minutes': () => forge({}, { nbf: now() + 600 }),
  'iat in the future': () => forge({}, { iat: now() + 9000, exp: now() + 9900 }),
  'no iat': () => forge({}, { iat: undefined }),
  'older than a token gets, exp far away': () => forge({}, { iat: now() - 1000, exp: now() + 9999 }),
  'no sub': () => forge({}, { sub: undefined }),
  'sub of nobody': () => forge({}, { sub: '01890000-0000-7000-8000-000000000000' }),
  'sub that is no id': () => forge({}, { sub: `x' or '1'='1` }),
  'no sid': () => forge({}, { sid: undefined }),
  'sid of no session': () => forge({}, { sid: '01890000-0000-7000-8000-000000000000' }),
};

const BYTES: Forgeries = {
  'padding at the end': () => `${forge()}=`,
  'a fourth part': () => `${forge()}.x`,
  'only two parts': () => forge().split('.').slice(0, 2).join('.'),
  'unused bits of the last character set': () => {
    const token = forge();
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    return token.slice(0, -1) + letters[letters.indexOf(token.slice(-1)) ^ 1];
  },
  'one changed character': () =>
    forge().replace(/.(.{20})$/, (_, end: string) => `${end[0] === 'A' ? 'B' : 'A'}${end}`),
  'a refresh token': () => `${'A'.repeat(43)}.01890000-0000-7000-8000-000000000000.${'A'.repeat(22)}`,
  '100 kB': () => `${'A'.repeat(8000)}.${'A'.repeat(100)}.AAAA`,
};

describe.each([
  ['[S01] [S02] algorithms and signatures', ALGORITHMS],
  ['[S05] [S06] [S07] headers', HEADERS],
  ['[S03] [S04] claims', CLAIMS],
  ['[S07] bytes', BYTES],
])('%s', (_, forgeries) => {
  it.each(Object.entries(forgeries))('refuses: %s', async (_name, make) => {
    expect(await opens(make())).toBe(false);
  });
});

it('[S05] a token for the MCP door alone does not open REST, nor the other way round', async () => {
  const { AuthService } = await import('../../src/auth/auth.service.js');
  const auth = server.app.get(AuthService, { strict: false });
  const forMcp = forge({}, { aud: `${issuer}/mcp` });
  const forApi = forge({}, { aud: `${issuer}/api` });
  await expect(auth.authenticate(forMcp, 'mcp')).resolves.toMatchObject({ role: 'admin' });
  await expect(auth.authenticate(forMcp, 'api')).rejects.toMatchObject({ code: 'invalid_token' });
  await expect(auth.authenticate(forApi, 'api')).resolves.toMatchObject({ role: 'admin' });
  await expect(auth.authenticate(forApi, 'mcp')).rejects.toMatchObject({ code: 'invalid_token' });
});

it('an API key without the scope mcp does not open the MCP door', async () => {
  const { AuthService } = await import('../../src/auth/auth.service.js');
  const auth = server.app.get(AuthService, { strict: false });
  const token = await server.login();
  const make = async (scopes: string[]) =>
    (await server.call('POST', '/api/v1/api-keys', { token, body: { name: 'k', scopes } })).body
      .key as string;
  await expect(auth.authenticate(await make(['tools:call']), 'mcp')).rejects.toMatchObject({
    code: 'insufficient_scope',
  });
  await expect(auth.authenticate(await make(['mcp']), 'mcp')).resolves.toBeDefined();
});
