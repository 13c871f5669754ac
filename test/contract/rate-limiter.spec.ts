import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEnv } from '../../src/config/env.js';
import { MemoryRateLimiter } from '../../src/platform/rate-limit/memory-rate-limiter.js';
import { type RateLimiter } from '../../src/platform/rate-limit/rate-limiter.js';
import { RedisRateLimiter } from '../../src/platform/rate-limit/redis-rate-limiter.js';
import { RedisService } from '../../src/platform/redis/redis.service.js';
import { describeWithRedis, TestRedis } from '../support/redis-server.js';
import { until } from '../support/server-process.js';

/** What every rate limiter must do. */
function behavesLikeARateLimiter(make: () => RateLimiter): void {
  it('allows the points and refuses the next', async () => {
    const limiter = make();
    const key = randomUUID();
    const states = [];
    for (let use = 0; use < 4; use += 1) states.push(await limiter.consume(key, 3, 60));
    expect(states.map((state) => state.allowed)).toEqual([true, true, true, false]);
    expect(states.map((state) => state.remaining)).toEqual([2, 1, 0, 0]);
    expect(states[3]?.resetSeconds).toBeGreaterThan(0);
  });

  it('counts each key and each window for itself', async () => {
    const limiter = make();
    const key = randomUUID();
    await limiter.consume(key, 1, 60);
    expect((await limiter.consume(randomUUID(), 1, 60)).allowed).toBe(true);
    expect((await limiter.consume(key, 1, 61)).allowed).toBe(true);
    expect((await limiter.consume(key, 1, 60)).allowed).toBe(false);
  });

  it('starts again after the window', async () => {
    const limiter = make();
    const key = randomUUID();
    const window = 4;
    const began = Date.now();
    await limiter.consume(key, 1, window);
    expect((await limiter.consume(key, 1, window)).allowed).toBe(false);
    await until('it is allowed again', async () => (await limiter.consume(key, 1, window)).allowed);
    expect(Date.now() - began).toBeGreaterThanOrEqual(window * 1000 - 100);
  });

  it('gives a point back', async () => {
    const limiter = make();
    const key = randomUUID();
    await limiter.consume(key, 1, 60);
    await limiter.giveBack(key, 1, 60);
    expect((await limiter.consume(key, 1, 60)).allowed).toBe(true);
  });

  it('counts parallel uses exactly', async () => {
    const limiter = make();
    const key = randomUUID();
    const states = await Promise.all(Array.from({ length: 30 }, () => limiter.consume(key, 10, 60)));
    expect(states.filter((state) => state.allowed)).toHaveLength(10);
  });
}

describe('rate limiter in memory', () => {
  behavesLikeARateLimiter(() => new MemoryRateLimiter());
});

describeWithRedis('rate limiter in Redis', () => {
  let server: TestRedis;
  const connections: RedisService[] = [];
  const connect = () => {
    const redis = new RedisService(readEnv({ REDIS_URL: server.url }));
    connections.push(redis);
    return redis;
  };
  let first: RedisService;
  let second: RedisService;
  beforeAll(async () => {
    server = await TestRedis.make();
    [first, second] = [connect(), connect()];
    await until('both are connected', () => [first, second].every(({ state }) => state === 'connected'));
  });
  afterAll(async () => {
    for (const redis of connections) await redis.onApplicationShutdown();
    await server?.remove();
  });

  behavesLikeARateLimiter(() => new RedisRateLimiter(first, new MemoryRateLimiter()));

  it('[S90] counts together for two instances, and for each alone while Redis is away', async () => {
    const a = new RedisRateLimiter(first, new MemoryRateLimiter());
    const b = new RedisRateLimiter(second, new MemoryRateLimiter());
    const key = randomUUID();
    const shared = [await a.consume(key, 2, 60), await b.consume(key, 2, 60), await a.consume(key, 2, 60)];
    expect(shared.map((state) => state.allowed)).toEqual([true, true, false]);
    await server.kill();
    const alone = [await a.consume(key, 2, 60), await a.consume(key, 2, 60), await a.consume(key, 2, 60)];
    expect(alone.map((state) => state.allowed)).toEqual([true, true, false]);
  });
});
