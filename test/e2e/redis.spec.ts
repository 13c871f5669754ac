import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hasRedis, TestRedis } from '../support/redis-server.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** What one client does: a login, a read, a write that is read back. Returns how long the slowest request took. */
async function useServer(server: TestApp): Promise<number> {
  let slowest = 0;
  const timed = async <T>(work: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await work();
    slowest = Math.max(slowest, performance.now() - started);
    return result;
  };
  const token = await timed(() => server.login());
  const value = { at: Math.random() };
  const put = await timed(() =>
    server.call('PUT', '/api/v1/sessions/current/context/note', { token, body: { value } }),
  );
  expect(put.status).toBe(200);
  const me = await timed(() => server.call('GET', '/api/v1/auth/me', { token }));
  expect(me.status).toBe(200);
  const got = await timed(() => server.call('GET', '/api/v1/sessions/current/context/note', { token }));
  expect(got.body.value).toEqual(value);
  return slowest;
}

async function redisState(server: TestApp): Promise<string> {
  return (await server.call('GET', '/health')).body.redis as string;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the condition did not come true within 10 s');
}

describe('without REDIS_URL', () => {
  it('works and says in-memory', async () => {
    const server = await startTestApp();
    await useServer(server);
    expect(await redisState(server)).toBe('in-memory');
    await server.stop();
  });
});

(hasRedis ? describe : describe.skip)('with a Redis that fails (needs redis-server)', () => {
  let redis: TestRedis;
  let server: TestApp;
  let usual: number;
  beforeAll(async () => {
    redis = await TestRedis.make();
    server = await startTestApp({ REDIS_URL: redis.url });
    await until(async () => (await redisState(server)) === 'connected');
    await useServer(server);
    usual = Math.max(await useServer(server), await useServer(server));
  });
  afterAll(async () => {
    await server?.stop();
    await redis?.remove();
  });

  it('[R12] loses nothing when it is flushed all the time', async () => {
    for (let round = 0; round < 5; round += 1) {
      await redis.flush();
      expect(await useServer(server)).toBeLessThan(usual + 500);
    }
  });

  it('[R11] goes on when it is frozen, and comes back', async () => {
    const fiveAtOnce = async () =>
      Math.max(...(await Promise.all(Array.from({ length: 5 }, () => useServer(server)))));
    await fiveAtOnce();
    const usualOfFive = Math.max(await fiveAtOnce(), await fiveAtOnce());
    redis.freeze();
    expect(await fiveAtOnce()).toBeLessThan(usualOfFive + 500);
    expect(await useServer(server)).toBeLessThan(usual + 500);
    expect(await redisState(server)).toBe('disconnected');
    redis.thaw();
    await until(async () => (await redisState(server)) === 'connected');
    await useServer(server);
  });

  it('[R10] goes on when it is killed, and comes back', async () => {
    await redis.kill();
    expect(await useServer(server)).toBeLessThan(usual + 500);
    expect(await redisState(server)).toBe('disconnected');
    await redis.start();
    await until(async () => (await redisState(server)) === 'connected');
    await useServer(server);
  });

  it('clears only its own keys', async () => {
    await redis.command((client) => client.set('of-another-program', '1'));
    await useServer(server);
    expect(await redis.command((client) => client.get('of-another-program'))).toBe('1');
  });
});

(hasRedis ? describe : describe.skip)('with a Redis that is down at the start (needs redis-server)', () => {
  it('[R10] starts, works, and uses it when it comes', async () => {
    const redis = await TestRedis.make({ start: false });
    const server = await startTestApp({ REDIS_URL: redis.url });
    await useServer(server);
    expect(await redisState(server)).toBe('disconnected');
    await redis.start();
    await until(async () => (await redisState(server)) === 'connected');
    await useServer(server);
    await server.stop();
    await redis.remove();
  });
});
