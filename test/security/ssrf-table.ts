import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { expect } from '@jest/globals';
import { NameResolver } from '../../src/platform/egress/name-resolver.js';
import { type TestApp, type TestResponse } from '../support/test-app.js';

/** Hosts that no caller may reach. Those with an address of this machine get the port of the canary. */
// prettier-ignore
const LOCAL_HOSTS = [
  '127.0.0.1', '2130706433', '0x7f000001', '0x7f.0.0.1', '0177.0.0.1', '017700000001', '127.1', '127.0.1', '0', '0.0.0.0',
  '127.0.0.1.', '[::1]', '[0:0:0:0:0:0:0:1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:ffff:7f00:1]',
  '[::127.0.0.1]', '[64:ff9b::7f00:1]', '[64:ff9b:1::7f00:1]', '[2002:7f00:1::]', '[2001:0:7f00:1::]',
  '[2606:4700::5efe:7f00:1]', 'localhost', 'LOCALHOST', 'localhost.', 'sub.localhost', 'ⓛocalhost', '①②⑦.⓪.⓪.①', '127。0。0。1',
  '%31%32%37.0.0.1', 'user@127.0.0.1', 'ok.example@127.0.0.1', 'user:pass@localhost', '127.77.1.1',
];
// prettier-ignore
const OTHER_URLS = [
  'http://169.254.169.254/latest/meta-data/', 'http://[::ffff:a9fe:a9fe]/', 'http://[fd00:ec2::254]/', 'http://[fe80::1]/',
  'http://100.100.100.200/', 'http://168.63.129.16/', 'https://168.63.129.16/', 'http://192.0.0.192/', 'http://10.0.0.1/', 'http://172.16.0.1/',
  'https://192.168.1.1/', 'http://100.64.0.1/', 'http://198.18.0.1/', 'http://192.0.2.1/', 'http://224.0.0.1/', 'http://255.255.255.255/',
  'http://240.0.0.1/', 'https://[fec0::1]/', 'https://[fc00::1]/', 'https://[ff02::1]/', 'https://[5f00::1]/', 'https://[100::1]/',
  'https://[3fff::1]/', 'https://[2001:db8::1]/', 'https://[4000::1]/', 'https://8.8.8.8/', 'https://[2606:4700::1111]/', 'http://example.com/',
  'https://example.com:22/', 'https://example.com:6379/', 'https://user:pass@example.com/', 'file:///etc/passwd', 'gopher://127.0.0.1:6379/_x',
  'ftp://127.0.0.1/', 'data:text/plain,x', 'blob:https://example.com/x', 'jar:http://127.0.0.1!/', 'unix:///var/run/docker.sock', 'ws://127.0.0.1/',
  'javascript:alert(1)', '//127.0.0.1/', 'http:///', 'http://127.0.0.1\\@example.com/', 'nonsense',
];
/** Names that an attacker's DNS answers, on a port that the guard allows; each with the addresses it gives. */
const NAMES = ['one-address', 'mixed', 'ipv6', 'mapped', 'private', 'metadata'] as const;
/** A name whose first answer is an allowed address, and each later one an address of the inside. */
const CHANGING = 'https://changing.rebind.example:8443/';

/** One way from a caller to the guard: gives the server a URL, makes it follow it, and says what the caller was told. */
export type EntryPoint = (server: TestApp, token: string, url: string) => Promise<TestResponse>;

export interface SsrfWorld {
  /** For EGRESS_ALLOW: the redirecting server by name, nothing else. */
  readonly allow: string;
  /** For EGRESS_ALLOW: a range that stands for the public internet, where the first answer of DNS lies. */
  readonly publicRange: string;
  readonly urls: readonly string[];
  /** Connections to any address that must not be reached. */
  hits(): number;
  redirectTo(url: string): string;
  redirects(): number;
  /** Connections to the address that was checked. */
  checked(): number;
  /** Answers for the names of the table, in place of DNS. */
  rebind(server: TestApp): readonly string[];
  /** Forgets that the changing name was asked for: its next answer is the first one. */
  turnBack(): void;
  /** Connects to the canary twice as a hole in the guard would, and says how many of these it counted. */
  prove(): Promise<number>;
  stop(): void;
}

/** Starts the canary on every local address and a server that redirects wherever it is told to. */
export async function startSsrfWorld(): Promise<SsrfWorld> {
  let hits = 0;
  const onHit = (socket: Socket) => {
    hits += 1;
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\ncanary');
  };
  const servers: Server[] = [];
  const listen = async (server: Server, host: string, port = 0) => {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
    servers.push(server);
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(createServer(onHit), '127.0.0.1');
  await listen(createServer(onHit), '::1', port).catch(() => undefined); // a machine without IPv6
  const inside = `127.77.${1 + Math.floor(Math.random() * 250)}.1`;
  await listen(createServer(onHit), inside, 8443);
  let checked = 0;
  const outside = inside.replace('127.77.', '127.88.');
  const onChecked = (socket: Socket) => {
    checked += 1;
    socket.destroy();
  };
  await listen(createServer(onChecked), outside, 8443);

  let redirects = 0;
  const redirector = createHttpServer((request, response) => {
    redirects += 1;
    // In the path, which is what is kept of a URL whose metadata is asked for (RFC 8414 section 3.1).
    const [, to = ''] = /\/to-([\w-]+)/.exec(request.url ?? '') ?? [];
    response.writeHead(302, { location: Buffer.from(to, 'base64url').toString('latin1') }).end();
  });
  const redirectPort = await listen(redirector, '127.0.0.1');

  let lookups = 0;
  const addresses: Record<string, string[]> = {
    'one-address': [inside],
    mixed: ['93.184.215.14', inside],
    ipv6: ['::1'],
    mapped: [`::ffff:${inside}`],
    private: ['10.0.0.1'],
    metadata: ['169.254.169.254'],
    changing: [inside],
  };
  return {
    allow: `127.0.0.1:${redirectPort}`,
    publicRange: '127.88.0.0/16',
    urls: [
      ...LOCAL_HOSTS.map((host) => `http://${host}:${port}/`),
      `https://127.0.0.1:${port}/`,
      ...OTHER_URLS,
    ],
    hits: () => hits,
    redirects: () => redirects,
    checked: () => checked,
    redirectTo: (url) =>
      `http://127.0.0.1:${redirectPort}/to-${Buffer.from(url, 'utf8').toString('base64url')}`,
    rebind: (server) => {
      const resolver = server.app.get(NameResolver, { strict: false });
      resolver.lookup = (name, _, callback) => {
        const isFirst = name === new URL(CHANGING).hostname && ++lookups === 1;
        const found = isFirst ? [outside] : addresses[name.split('.')[0] ?? ''];
        if (found === undefined)
          return callback(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }), []);
        callback(
          null,
          found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
        );
      };
      return NAMES.map((name) => `https://${name}.rebind.example:8443/`);
    },
    turnBack: () => {
      lookups = 0;
    },
    prove: async () => {
      const before = hits;
      await fetch(`http://127.0.0.1:${port}/`);
      await fetch(`http://${inside}:8443/`);
      const counted = hits - before;
      hits = before;
      return counted;
    },
    stop: () => {
      for (const server of servers) server.close();
      redirector.closeAllConnections();
    },
  };
}

/**
 * Sends the whole table through one entry point: direct, by redirect and by a name that resolves to the inside. Every
 * URL that is given directly or by name must be refused; nothing may ever connect to the canary. [S49] [S50] [S51] [S52]
 */
export async function everyUrlIsRefused(
  world: SsrfWorld,
  server: TestApp,
  token: string,
  visit: EntryPoint,
): Promise<void> {
  expect(new Set(world.urls).size).toBeGreaterThanOrEqual(60);
  const names = world.rebind(server);
  const reached: string[] = [];
  for (const url of [...world.urls, ...names]) {
    if (!isRefused(await visit(server, token, url))) reached.push(url);
  }
  expect(reached).toEqual([]);
  const redirects = world.redirects();
  for (const url of [...world.urls, ...names]) {
    const told = await visit(server, token, world.redirectTo(url));
    if (JSON.stringify(told.body ?? '').includes('canary')) reached.push(`by redirect ${url}`);
  }
  // The table is worth something only when the redirecting server was really asked, each time.
  expect(world.redirects() - redirects).toBeGreaterThanOrEqual(world.urls.length);
  expect(reached).toEqual([]);
}

/**
 * Gives a name that changes its address once it was checked, direct and by redirect. Only the address that was checked
 * may be connected to. [S50]
 */
export async function changingNameGainsNothing(
  world: SsrfWorld,
  server: TestApp,
  token: string,
  visit: EntryPoint,
): Promise<void> {
  world.rebind(server);
  for (const url of [CHANGING, world.redirectTo(CHANGING)]) {
    world.turnBack();
    const before = world.checked();
    const redirects = world.redirects();
    expect(JSON.stringify(await visit(server, token, url))).not.toContain('canary');
    // The address that was checked is the one that was connected to; not every redirect is followed.
    if (url === CHANGING) expect(world.checked()).toBeGreaterThan(before);
    else expect(world.redirects()).toBeGreaterThan(redirects);
  }
}

function isRefused({ status, body }: TestResponse): boolean {
  const text = JSON.stringify(body ?? '');
  return (status >= 400 || body?.isError === true || body?.delivered === false) && !text.includes('canary');
}
