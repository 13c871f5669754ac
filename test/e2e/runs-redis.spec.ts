import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWithRedis, TestRedis } from '../support/redis-server.js';
import { readEvents, startRun, warmUp } from '../support/runs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const INPUT = { input: 'What is 6 * 7?' };

describeWithRedis('runs with queue and events in Redis', () => {
  let redis: TestRedis;
  let server: TestApp;
  let token: string;
  beforeAll(async () => {
    await warmUp();
    redis = await TestRedis.make();
    server = await startTestApp({
      REDIS_URL: redis.url,
      QUEUE: 'redis',
      QUEUE_REDIS_URL: redis.url,
    });
    token = await server.login();
  });
  afterAll(async () => {
    await server?.stop();
    await redis?.remove();
  });

  it('work and stream', async () => {
    const { run } = await startRun(server, token, INPUT);
    const events = await readEvents(`${server.url}/api/v1/runs/${run.id}/events`, { token });
    expect(events.map((event) => event.id)).toEqual(events.map((_, index) => index + 1));
    expect(events.at(-1)).toMatchObject({
      type: 'run.completed',
      data: { output: { text: expect.stringContaining('42') } },
    });
  });

  it('are accepted while Redis is away, and done when it is back', async () => {
    await redis.kill();
    const { run } = await startRun(server, token, INPUT);
    await redis.start();
    const done = await server.call('GET', `/api/v1/runs/${run.id}/wait?timeoutMs=25000`, { token });
    expect(done.body.status).toBe('completed');
  });
});
