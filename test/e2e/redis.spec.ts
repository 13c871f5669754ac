import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeWithRedis, TestRedis } from '../support/redis-server.js';
import { until } from '../support/server-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** A request may take so much longer than usual, far less than it would if it waited for Redis. */
const TOLERATED_MS = 500;

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

const seen = (server: TestApp, state: string) =>
  until(`Redis is ${state}`, async () => (await redisState(server)) === state);

describe('without REDIS_URL', () => {
  it('works and says in-memory', async () => {
    const server = await startTestApp();
    await useServer(server);
    expect(await redisState(server)).toBe('in-memory');
    await server.stop();
  });
});

describeWithRedis('with a Redis that fails', () => {
  let redis: TestRedis;
  let server: TestApp;
  let usual: number;
  beforeAll(async () => {
    redis = await TestRedis.make();
    server = await startTestApp({ REDIS_URL: redis.url });
    await seen(server, 'connected');
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
      expect(await useServer(server)).toBeLessThan(usual + TOLERATED_MS);
    }
  });

  it('[R11] goes on when it is frozen, and comes back', async () => {
    const fiveAtOnce = async () =>
      Math.max(...(await Promise.all(Array.from({ length: 5 }, () => useServer(server)))));
    await fiveAtOnce();
    const usualOfFive = Math.max(await fiveAtOnce(), await fiveAtOnce());
    redis.freeze();
    expect(await fiveAtOnce()).toBeLessThan(usualOfFive + TOLERATED_MS);
    expect(await useServer(server)).toBeLessThan(usual + TOLERATED_MS);
    expect(await redisState(server)).toBe('disconnected');
    redis.thaw();
    await seen(server, 'connected');
    await useServer(server);
  });

  it('[R10] goes on when it is killed, and comes back', async () => {
    await redis.kill();
    expect(await useServer(server)).toBeLessThan(usual + TOLERATED_MS);
    expect(await redisState(server)).toBe('disconnected');
    await redis.start();
    await seen(server, 'connected');
    await useServer(server);
  });

  it('clears only its own keys', async () => {
    await redis.command((client) => client.set('of-another-program', '1'));
    await useServer(server);
    expect(await redis.command((client) => client.get('of-another-program'))).toBe('1');
  });
});

describeWithRedis('with a Redis that is down at the start', () => {
  it('[R10] starts, works, and uses it when it comes', async () => {
    const redis = await TestRedis.make({ start: false });
    const server = await startTestApp({ REDIS_URL: redis.url });
    await useServer(server);
    expect(await redisState(server)).toBe('disconnected');
    await redis.start();
    await seen(server, 'connected');
    await useServer(server);
    await server.stop();
    await redis.remove();
  });
});
