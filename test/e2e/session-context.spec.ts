import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeWithRedis, TestRedis } from '../support/redis-server.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/v1/sessions/current/context';

function keepsContext(environment: () => Record<string, string>): void {
  let server: TestApp;
  let token: string;
  beforeAll(async () => {
    server = await startTestApp(environment());
    token = await server.login();
  });
  afterAll(() => server?.stop());

  it('keeps, lists and forgets values', async () => {
    for (const value of [{ a: [1, null, 'x'] }, false, null, 'text', 0]) {
      const put = await server.call('PUT', `${PATH}/k`, { token, body: { value } });
      expect(put.status).toBe(200);
      const got = await server.call('GET', `${PATH}/k`, { token });
      expect(got.body.value).toEqual(value);
    }
    const list = await server.call('GET', PATH, { token });
    expect(list.body.items.map((item: { key: string }) => item.key)).toEqual(['k']);
    expect((await server.call('DELETE', `${PATH}/k`, { token })).status).toBe(204);
    expect((await server.call('GET', `${PATH}/k`, { token })).body.code).toBe('context_key_not_found');
  });

  it('lets a value end with its time', async () => {
    await server.call('PUT', `${PATH}/short`, { token, body: { value: 1, ttlSeconds: 1 } });
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect((await server.call('GET', `${PATH}/short`, { token })).status).toBe(404);
  });

  it('bounds the size of a value and the number of keys', async () => {
    const big = await server.call('PUT', `${PATH}/big`, { token, body: { value: 'x'.repeat(65 << 10) } });
    expect([big.status, big.body.code]).toEqual([413, 'context_too_large']);
    const puts = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        server.call('PUT', `${PATH}/n${index}`, { token, body: { value: index } }),
      ),
    );
    expect(puts.every((put) => put.status === 200)).toBe(true);
    const more = await server.call('PUT', `${PATH}/one-more`, { token, body: { value: 1 } });
    expect([more.status, more.body.code]).toEqual([409, 'context_full']);
    expect((await server.call('PUT', `${PATH}/n5`, { token, body: { value: 'again' } })).status).toBe(200);
  });

  it('[S21] answers a session of nobody and a bad key clearly', async () => {
    expect((await server.call('GET', `/api/v1/sessions/${randomUUID()}/context/k`, { token })).status).toBe(
      404,
    );
    expect((await server.call('GET', `${PATH}/a%20b`, { token })).status).toBe(400);
  });
}

describe('context of a session in PostgreSQL', () => {
  keepsContext(() => ({}));
});

describeWithRedis('context of a session with Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await TestRedis.make();
  });
  afterAll(() => redis?.remove());
  keepsContext(() => ({ REDIS_URL: redis.url }));
});
