import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { addMember } from '../support/accounts.js';
import { describeWithRedis, TestRedis } from '../support/redis-server.js';
import { sharedEnvironment, startTestApp, type TestApp } from '../support/test-app.js';

describeWithRedis('two instances with one Redis', () => {
  let redis: TestRedis;
  let servers: TestApp[] = [];
  let admin: string;
  beforeAll(async () => {
    redis = await TestRedis.make();
    const overrides = { ...(await sharedEnvironment()), REDIS_URL: redis.url };
    servers = [await startTestApp(overrides), await startTestApp(overrides)];
    admin = await at(0).login();
  }, 60_000);
  afterAll(async () => {
    for (const server of servers) await server.stop();
    await redis?.remove();
  });

  const at = (index: number) => servers[index % 2] as TestApp;
  const stats = (index: number, token: string, text = 'one two') =>
    at(index).call('POST', '/api/v1/tools/text_stats/call', { token, body: { arguments: { text } } });
  async function setPolicy(policy: object): Promise<void> {
    await at(0).call('PATCH', '/api/v1/tools/text_stats', { token: admin, body: { policy } });
    // The other instance follows within a second.
    const end = Date.now() + 8_000;
    for (const [field, value] of Object.entries(policy))
      for (;;) {
        const { body } = await at(1).call('GET', '/api/v1/tools/text_stats', { token: admin });
        if (body.policy[field] === value) break;
        if (Date.now() > end) throw new Error(`${field} did not arrive`);
      }
  }
  // One after another: under a burst on a busy machine Redis may be too slow to count, and then each instance does.
  const passed = async (count: number, token: string) => {
    const found: number[] = [];
    for (let index = 0; index < count; index += 1) found.push((await stats(index, token)).status);
    expect(new Set(found)).toEqual(new Set([200, 429]));
    return found.filter((status) => status === 200).length;
  };

  it('[S90] count the calls of a user together, each user for himself; without Redis each instance counts', async () => {
    const [one, other, third] = [await addMember(at(0)), await addMember(at(0)), await addMember(at(0))];
    await setPolicy({ rateLimit: 6 });
    expect(await passed(14, one.token)).toBe(6);
    expect((await stats(1, other.token)).status).toBe(200);
    await redis.kill();
    const alone = await passed(16, third.token);
    expect(alone).toBeGreaterThanOrEqual(6);
    expect(alone).toBeLessThanOrEqual(12);
    await redis.start();
    await setPolicy({ rateLimit: null });
  });

  it('[S73] share cached results of one user, and of no other', async () => {
    const user = await addMember(at(0));
    const other = await addMember(at(0));
    await setPolicy({ cacheTtlMs: 60_000 });
    const text = `once ${Math.random()}`;
    const seen = async (index: number, token: string) =>
      (await stats(index, token, text)).body.cached ?? false;
    expect([await seen(0, user.token), await seen(1, user.token)]).toEqual([false, true]);
    expect(await seen(1, other.token)).toBe(false);
  });
});
