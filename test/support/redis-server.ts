import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe } from '@jest/globals';
import { createClient } from '@redis/client';
import { freePort } from './free-port.js';

const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

/** A suite that needs a Redis: where there is none it is skipped, counted, and says why. */
export function describeWithRedis(title: string, suite: () => void): void {
  const run = hasRedis ? describe : describe.skip;
  run(hasRedis ? title : `${title} (no redis-server here)`, suite);
}

/** A real Redis of a test's own, which can be killed, frozen and flushed. */
export class TestRedis {
  private child?: ChildProcess;
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-redis-'));

  private constructor(readonly port: number) {}

  /** Picks a port; the server is started unless `start` is false. */
  static async make({ start = true } = {}): Promise<TestRedis> {
    const redis = new TestRedis(await freePort());
    if (start) await redis.start();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    this.child = spawn(
      'redis-server',
      ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--dir', this.folder],
      {
        stdio: 'ignore',
      },
    );
    for (let tries = 0; tries < 200; tries += 1) {
      if (
        await this.command((client) => client.ping()).then(
          () => true,
          () => false,
        )
      )
        return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error('redis-server did not start');
  }

  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const child = this.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    await gone;
  }

  async flush(): Promise<void> {
    await this.command((client) => client.flushAll());
  }

  async command<T>(run: (client: ReturnType<typeof createClient>) => Promise<T>): Promise<T> {
    const client = createClient({ url: this.url, socket: { reconnectStrategy: false } });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await run(client);
    } finally {
      await client.disconnect();
    }
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
