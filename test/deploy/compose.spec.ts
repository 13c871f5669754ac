import { randomInt } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type History, makeCheckout, makeHistory } from './checkout.js';
import { describeWithEngine, docker, inspect, tryDocker } from './docker.js';

const PROJECT = `mcp-server-test-${process.pid}`;
const PORT = String(20_000 + randomInt(10_000));
const SERVER = `http://127.0.0.1:${PORT}`;
/** The bound of the issue, from no container, network or volume at all to all healthy. */
const UP_SECONDS = 30;

describeWithEngine('docker compose', () => {
  let checkout: string;
  let history: History;

  const options = () => ({ cwd: checkout, env: { PORT, WORKSPACE: history.folder } });
  const compose = (...args: string[]) => docker(['compose', '--project-name', PROJECT, ...args], options());
  const container = async (service: string) => inspect(await compose('ps', '--all', '--quiet', service));
  const cli = (...args: string[]) => compose('exec', '-T', 'mcp-server', 'bin/mcp-server', ...args);

  beforeAll(async () => {
    checkout = makeCheckout();
    history = makeHistory(path.join(path.dirname(checkout), 'workspace'));
    // As a checkout is under an ordinary umask; the tests may run under a strict one.
    mkdirSync(path.join(checkout, 'extensions'), { recursive: true });
    chmodSync(path.join(checkout, 'extensions'), 0o755);
    writeFileSync(path.join(checkout, 'extensions', 'shout.tool.mjs'), SHOUT, { mode: 0o644 });
    await compose('build');
  }, 900_000);

  afterAll(async () => {
    await tryDocker(['compose', '--project-name', PROJECT, 'down', '--volumes', '--timeout', '5'], options());
    rmSync(path.dirname(checkout), { recursive: true, force: true });
  }, 120_000);

  it(`is healthy in under ${UP_SECONDS} s from nothing`, async () => {
    const started = Date.now();
    await compose('up', '--wait');
    const seconds = (Date.now() - started) / 1000;
    process.stderr.write(
      `docker compose up --wait: ${seconds.toFixed(1)} s (load average ${loadavg()[0]?.toFixed(1)})\n`,
    );
    expect(seconds).toBeLessThan(UP_SECONDS);
    for (const service of ['mcp-server', 'postgres', 'redis']) {
      expect((await container(service)).State.Health.Status).toBe('healthy');
    }
    const health = await (await fetch(`${SERVER}/health`)).json();
    expect(health).toMatchObject({ status: 'healthy', postgresql: 'connected', redis: 'connected' });
  });

  it('checks health every 30 s, within 10 s, three times', async () => {
    for (const service of ['mcp-server', 'postgres', 'redis']) {
      const { Config } = await container(service);
      expect(Config.Healthcheck).toMatchObject({ Interval: 30e9, Timeout: 10e9, Retries: 3 });
    }
  });

  it('runs every service without root, rights or a writable file system', async () => {
    for (const service of ['mcp-server', 'postgres', 'redis', 'init']) {
      const { HostConfig } = await container(service);
      expect(HostConfig).toMatchObject({ ReadonlyRootfs: true, CapDrop: ['ALL'], Privileged: false });
      expect(HostConfig.CapAdd ?? []).toEqual([]);
      expect(HostConfig.SecurityOpt).toContain('no-new-privileges:true');
    }
    for (const service of ['mcp-server', 'postgres', 'redis']) {
      const shell = (script: string) => compose('exec', '-T', service, 'sh', '-c', script);
      expect(await shell('id -u')).not.toBe('0');
      expect(await shell('grep CapEff /proc/1/status')).toMatch(/\s0+$/);
      expect(await shell('touch /etc/planted 2>&1 || echo refused')).toMatch(
        /Read-only file system[^]*refused/,
      );
    }
    expect(
      await compose('exec', '-T', 'mcp-server', 'sh', '-c', 'touch /workspace/x 2>&1 || true'),
    ).toContain('Read-only file system');
  });

  it('keeps each secret from the services that do not need it', async () => {
    const read = (service: string) =>
      compose(
        'exec',
        '-T',
        service,
        'sh',
        '-c',
        'cd /secrets && for f in *; do [ -r $f ] && echo $f; done; true',
      );
    expect((await read('postgres')).split('\n')).toEqual(['postgres_password', 'redis.conf']);
    expect((await read('redis')).split('\n')).toEqual(['postgres_password', 'redis.conf']);
    const secrets = await compose('exec', '-T', 'mcp-server', 'sh', '-c', 'cat /secrets/*');
    const { Config } = await container('mcp-server');
    const values = secrets.split(/\s+/).filter((word) => word.length > 20);
    expect(values.length).toBeGreaterThanOrEqual(6);
    const visible = `${JSON.stringify(Config)}${await compose('logs')}`;
    expect(values.filter((value) => visible.includes(value))).toEqual([]);
  });

  it('publishes one port, on this machine only; PostgreSQL and Redis answer on the data network alone', async () => {
    const published = await Promise.all(
      ['mcp-server', 'postgres', 'redis'].map(
        async (service) => (await container(service)).HostConfig.PortBindings,
      ),
    );
    expect(published).toEqual([{ '8000/tcp': [{ HostIp: '127.0.0.1', HostPort: PORT }] }, {}, {}]);
    for (const [service, port] of [
      ['postgres', '5432'],
      ['redis', '6379'],
    ] as const) {
      const address = (await container(service)).NetworkSettings.Networks[`${PROJECT}_data`].IPAddress;
      expect(await connect(`${PROJECT}_data`, service, port)).toBe('connected');
      expect(await connect(`${PROJECT}_edge`, service, port)).toBe('ENOTFOUND');
      expect(await connect(`${PROJECT}_edge`, address, port)).not.toBe('connected');
    }
    // No way out of the data network either.
    const gateway = (await container('mcp-server')).NetworkSettings.Networks[`${PROJECT}_edge`].Gateway;
    expect(await connect(`${PROJECT}_data`, gateway, PORT)).not.toBe('connected');
  });

  it('logs JSON lines', async () => {
    // Compose itself erases the line of the terminal before each one, whatever its options say.
    const output = (await compose('logs', '--no-log-prefix', 'mcp-server')).replaceAll('\u001b[2K', '');
    const lines = output.trim().split('\n');
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ service: 'mcp-server' });
    expect(lines.some((line) => JSON.parse(line).msg.startsWith('mcp-server ready on '))).toBe(true);
  });

  it('answers the two-agent question with true values, by REST and by the command line in the container', async () => {
    const question = `Who changed ${history.file} last and how many commits touched it? And what is 17.5% of 2480?`;
    const expected = [history.lastAuthor, String(history.commits), '434'];

    const token = await login();
    const run = await post('/api/v1/runs', { input: question }, token);
    const finished = await get(`/api/v1/runs/${run.id}/wait?timeoutMs=60000`, token);
    expect(finished).toMatchObject({ status: 'completed' });
    for (const value of expected) expect(finished.output.text).toContain(value);

    const answer = await cli('chat', question);
    for (const value of expected) expect(answer).toContain(value);
  });

  it('serves a tool of the mounted folder extensions/', async () => {
    expect(await cli('tools', 'call', 'shout', '--arg', 'text=quiet')).toContain('QUIET!');
  });

  it('keeps its data, and its secrets, over down and up', async () => {
    const before = await secretsHash();
    const list = async () => JSON.parse(await cli('--json', 'conversations', 'list'));
    await post('/api/v1/conversations', { title: 'kept over a restart' }, await login());
    const conversations = await list();
    expect(JSON.stringify(conversations)).toContain('kept over a restart');
    await compose('down');
    expect(await compose('ps', '--all', '--quiet')).toBe('');
    await compose('up', '--wait');
    expect(await list()).toEqual(conversations);
    expect(await secretsHash()).toBe(before);
    const appendOnly = await compose('exec', '-T', 'redis', 'ls', '/data/appendonlydir');
    expect(appendOnly).toContain('appendonly.aof');
  });

  it('stops on SIGTERM in time with exit code 0', async () => {
    const started = Date.now();
    await compose('stop', 'mcp-server');
    expect(Date.now() - started).toBeLessThan(25_000);
    expect((await container('mcp-server')).State).toMatchObject({
      Status: 'exited',
      ExitCode: 0,
      OOMKilled: false,
    });
  });

  /** An access token of the first admin. */
  const login = async (): Promise<string> => {
    const password = await compose('exec', '-T', 'mcp-server', 'cat', '/secrets/admin_password');
    return (await post('/api/v1/auth/login', { email: 'admin@localhost.localdomain', password })).accessToken;
  };

  const secretsHash = () => compose('exec', '-T', 'mcp-server', 'sh', '-c', 'cat /secrets/* | sha256sum');

  /** Connects from a container of its own on one network: `connected` or the error's code. */
  const connect = async (network: string, host: string, port: string) => {
    const { stdout } = await tryDocker([
      ...['run', '--rm', '--network', network, '--no-healthcheck', 'mcp-server:local', 'node', '-e'],
      `const s = require('net').connect(${port}, '${host}');
       s.setTimeout(3000, () => { console.log('timeout'); process.exit(); });
       s.on('connect', () => { console.log('connected'); process.exit(); });
       s.on('error', (error) => console.log(error.code));`,
    ]);
    return stdout.trim();
  };
});

const SHOUT = `export default {
  name: 'shout',
  title: 'Shout',
  description: 'Says a text in capital letters.',
  input: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'], additionalProperties: false },
  annotations: { readOnlyHint: true },
  run: async ({ text }) => \`\${text.toUpperCase()}!\`,
};
`;

/** No connection is used twice, as with curl: an idle one may be closed under the next request. */
const ALONE = { connection: 'close' };

async function post(route: string, body: unknown, token?: string) {
  const answer = await fetch(`${SERVER}${route}`, {
    method: 'POST',
    headers: {
      ...ALONE,
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  expect([200, 201, 202]).toContain(answer.status);
  return JSON.parse(await answer.text());
}

/** As any client does, comes again when it is asked to (503 with Retry-After), a few times. */
async function get(route: string, token: string) {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await fetch(`${SERVER}${route}`, {
      headers: { ...ALONE, authorization: `Bearer ${token}` },
    });
    if (answer.status !== 503 || attempt === 5) {
      expect(answer.status).toBe(200);
      return JSON.parse(await answer.text());
    }
    await setTimeout(1000 * Number(answer.headers.get('retry-after')));
  }
}
