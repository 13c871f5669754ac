import { lookup as systemLookup } from 'node:dns';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AddressRules } from '../../src/platform/egress/address-rules.js';
import { egressAgents } from '../../src/platform/egress/egress-agents.js';
import { guardedFetch, type GuardOptions } from '../../src/platform/egress/guarded-fetch.js';
import { type Lookup } from '../../src/platform/egress/name-resolver.js';

let canary: Server;
let target: Server;
let hits = 0;
let port: number;
let targetPort: number;
const seen: Record<string, unknown>[] = [];

const listen = (server: Server, host: string) =>
  new Promise<number>((resolve) =>
    server.listen(0, host, () => resolve((server.address() as AddressInfo).port)),
  );

beforeAll(async () => {
  canary = createServer((_, response) => {
    hits += 1;
    response.end('canary');
  });
  port = await listen(canary, '127.0.0.1');
  target = createServer((request, response) => {
    seen.push({ url: request.url, ...request.headers });
    const [, to] = /^\/to\?(.*)$/.exec(request.url ?? '') ?? [];
    if (to !== undefined)
      response.writeHead(request.url?.includes('keep') ? 307 : 302, { location: decodeURIComponent(to) });
    response.end(request.url === '/large' ? Buffer.alloc(3000) : 'fine');
  });
  targetPort = await listen(target, '127.0.0.1');
});
afterAll(() => {
  canary.close();
  target.close();
});

function guard(allow: string[] = [], lookup: Lookup = systemLookup, more: Partial<GuardOptions> = {}) {
  const rules = new AddressRules(allow);
  const agents = egressAgents(rules, lookup);
  return guardedFetch({ rules, agents, maxBytes: 2000, timeoutMs: 5000, maxRedirects: 3, ...more });
}
const denied = { code: 'egress_denied' };

describe('the egress guard', () => {
  it('[S49] [S52] refuses every form of an address that is not public, with one text', async () => {
    const fetch = guard();
    const texts = new Set<string>();
    // prettier-ignore
    const hosts = [
      '127.0.0.1', '2130706433', '0x7f000001', '0177.0.0.1', '127.1', '0', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]',
      '[0:0:0:0:0:ffff:a9fe:a9fe]', '[64:ff9b::a9fe:a9fe]', '[2002:7f00:1::]', '[fd00:ec2::254]', '[fe80::1]', '169.254.169.254',
      '10.0.0.1', '192.168.1.1', '100.100.100.200', '198.18.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', '192.0.0.192',
      '[::]', '[::127.0.0.1]', '[5f00::1]', '[100::1]', '[3fff::1]', '8.8.8.8', 'localhost', 'LOCALHOST', 'localhost.',
      'user@example.com', 'ⓛocalhost', '①②⑦.⓪.⓪.①', 'example.com:22',
    ];
    for (const scheme of ['http', 'https'])
      for (const host of hosts) {
        const url = `${scheme}://${host}${/:22$|localhost/.test(host) ? '' : `:${port}`}/`;
        const error = await fetch(url).then(
          () => undefined,
          (thrown: Error & { code: string }) => thrown,
        );
        expect([url, error?.code]).toEqual([url, 'egress_denied']);
        texts.add(error?.message ?? '');
      }
    for (const url of [
      'file:///etc/passwd',
      'data:text/plain,x',
      'gopher://127.0.0.1/_x',
      'ftp://example.com/',
      'blob:x',
      'nonsense',
    ])
      await expect(fetch(url)).rejects.toMatchObject(denied);
    expect(texts.size).toBe(1);
    expect(hits).toBe(0);
  });

  it('[S50] connects to the address that was checked: a name that changes its address gains nothing', async () => {
    let asked = 0;
    const rebinding: Lookup = (_, __, callback) => {
      asked += 1;
      callback(null, [{ address: asked === 1 ? '127.0.0.1' : '93.184.215.14', family: 4 }]);
    };
    await expect(guard([], rebinding)('https://rebind.example/')).rejects.toMatchObject(denied);
    expect(asked).toBe(1);
    const mixed: Lookup = (_, __, callback) =>
      callback(null, [
        { address: '93.184.215.14', family: 4 },
        { address: '::1', family: 6 },
      ]);
    await expect(guard([], mixed)('https://mixed.example/')).rejects.toMatchObject(denied);
    expect(hits).toBe(0);
  });

  it('lets through what EGRESS_ALLOW names, and only that', async () => {
    const local = `http://127.0.0.1:${targetPort}/`;
    expect(await (await guard([`127.0.0.1:${targetPort}`])(local)).text()).toBe('fine');
    expect(await (await guard(['127.0.0.0/8'])(local)).text()).toBe('fine');
    await expect(guard(['127.0.0.1:1'])(local)).rejects.toMatchObject(denied);
    await expect(guard(['10.0.0.0/8'])(local)).rejects.toMatchObject(denied);
    await expect(guard(['10.0.0.0/8'])(`http://localhost:${port}/`)).rejects.toMatchObject(denied);
    expect(hits).toBe(0);
  });

  it('[S51] checks every redirect', async () => {
    const fetch = guard([`127.0.0.1:${targetPort}`]);
    const redirect = (to: string) => fetch(`http://127.0.0.1:${targetPort}/to?${encodeURIComponent(to)}`);
    for (const to of [
      `http://127.0.0.1:${port}/`,
      'http://169.254.169.254/',
      'gopher://127.0.0.1/',
      'https://[::1]/',
    ])
      await expect(redirect(to)).rejects.toMatchObject(denied);
    const again =
      '/to?' + encodeURIComponent('/to?' + encodeURIComponent('/to?' + encodeURIComponent('/to?/')));
    await expect(redirect(again)).rejects.toMatchObject({ code: 'egress_failed' });
    expect(await (await redirect('/end')).text()).toBe('fine');
    expect(hits).toBe(0);
  });

  it('[S51] sends no credential and no body to another origin', async () => {
    const fetch = guard(['127.0.0.0/8', `localhost:${targetPort}`]);
    const start = `http://127.0.0.1:${targetPort}/to?${encodeURIComponent(`http://localhost:${targetPort}/end`)}`;
    seen.length = 0;
    await fetch(start, { headers: { authorization: 'Bearer x', cookie: 'a=b', 'x-other': 'kept' } });
    expect(seen[0]).toMatchObject({ authorization: 'Bearer x' });
    expect(seen[1]).toMatchObject({ url: '/end', 'x-other': 'kept' });
    expect(seen[1]).not.toHaveProperty('authorization');
    expect(seen[1]).not.toHaveProperty('cookie');
    const keep = `http://127.0.0.1:${targetPort}/to?${encodeURIComponent(`http://localhost:${targetPort}/keep`)}`;
    await expect(fetch(keep, { method: 'POST', body: 'secret' })).rejects.toMatchObject(denied);
  });

  it('caps the size of an answer', async () => {
    const response = guard(['127.0.0.0/8'])(`http://127.0.0.1:${targetPort}/large`).then((answer) =>
      answer.text(),
    );
    await expect(response).rejects.toMatchObject({ code: 'egress_too_large' });
  });

  it("opens an operator's own server and nothing beside it", async () => {
    const only = (url: URL) => url.origin === `http://127.0.0.1:${targetPort}`;
    const fetch = guard([], systemLookup, { only, maxRedirects: 0 });
    expect(await (await fetch(new Request(`http://127.0.0.1:${targetPort}/x`))).text()).toBe('fine');
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toMatchObject(denied);
    expect(hits).toBe(0);
  });
});
