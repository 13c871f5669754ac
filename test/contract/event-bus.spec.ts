import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { readEnv } from '../../src/config/env.js';
import { DatabaseUrl } from '../../src/platform/database/database-url.js';
import { Notifications } from '../../src/platform/database/notifications.js';
import { type EventBus } from '../../src/platform/events/event-bus.js';
import { PostgresEventBus } from '../../src/platform/events/postgres-event-bus.js';
import { RedisEventBus } from '../../src/platform/events/redis-event-bus.js';
import { RedisService } from '../../src/platform/redis/redis.service.js';
import { hasRedis, TestRedis } from '../support/redis-server.js';
import { makeDatabase, testEnvironment } from '../support/test-app.js';

interface Line {
  /** Two instances on one line. */
  readonly first: EventBus;
  readonly second: EventBus;
  /** Breaks the line and lets it come back. */
  breakLine(): Promise<void>;
  close(): Promise<void>;
}

async function overPostgres(): Promise<Line> {
  const databaseUrl = await makeDatabase();
  const instance = async () => {
    const dataSource = new DataSource({ type: 'postgres', url: databaseUrl, installExtensions: false });
    await dataSource.initialize();
    const url = new DatabaseUrl(readEnv(testEnvironment(databaseUrl, '/nonexistent')));
    const notifications = new Notifications(dataSource, url);
    const close = async () => {
      await notifications.onApplicationShutdown();
      await dataSource.destroy();
    };
    return { bus: new PostgresEventBus(notifications), close };
  };
  const [first, second] = [await instance(), await instance()];
  return {
    first: first.bus,
    second: second.bus,
    breakLine: async () => {
      const client = new pg.Client({ connectionString: databaseUrl });
      await client.connect();
      await client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name = 'mcp-server events' and datname = current_database()`,
      );
      await client.end();
    },
    close: async () => {
      await first.close();
      await second.close();
    },
  };
}

async function overRedis(): Promise<Line> {
  const redis = await TestRedis.make();
  const env = readEnv({ ...testEnvironment('postgres://unused', '/nonexistent'), REDIS_URL: redis.url });
  const instance = () => {
    const service = new RedisService(env);
    if (service.client === undefined) throw new Error('REDIS_URL was not read');
    const bus = new RedisEventBus(service, service.client);
    return { bus, close: () => Promise.all([bus.close(), service.onApplicationShutdown()]) };
  };
  const [first, second] = [instance(), instance()];
  return {
    first: first.bus,
    second: second.bus,
    breakLine: async () => {
      await redis.kill();
      await redis.start();
    },
    close: async () => {
      await first.close();
      await second.close();
      await redis.remove();
    },
  };
}

Logger.overrideLogger(false);

const adapters: [string, () => Promise<Line>, boolean][] = [
  ['PostgreSQL', overPostgres, true],
  ['Redis', overRedis, hasRedis],
];

describe.each(adapters)('EventBus over %s', (name, open, available) => {
  const test = available ? it : it.skip;
  let line: Line;
  beforeAll(async () => {
    if (available) line = await open();
  });
  afterAll(() => line?.close());

  test(`brings payloads to every instance, in order (${name})`, async () => {
    const here: (string | null)[] = [];
    const there: (string | null)[] = [];
    await line.first.subscribe('a', (payload) => here.push(payload));
    await line.second.subscribe('a', (payload) => there.push(payload));
    await until(() => {
      line.first.publish('a', 'ready');
      return here.includes('ready') && there.includes('ready');
    });
    await settle();
    here.length = 0;
    there.length = 0;
    const sent = Array.from({ length: 200 }, (_, index) => `${index} ünï\n=x`);
    for (const payload of sent) line.first.publish('a', payload);
    await until(() => here.length >= 200 && there.length >= 200);
    expect(here).toEqual(sent);
    expect(there).toEqual(sent);
  });

  test(`keeps channels apart and stops after the end of a subscription (${name})`, async () => {
    const heard: (string | null)[] = [];
    const stop = await line.second.subscribe('b', (payload) => heard.push(payload));
    const marker: (string | null)[] = [];
    await line.second.subscribe('marker', (payload) => marker.push(payload));
    line.first.publish('c', 'other');
    line.first.publish('b', 'mine');
    await until(() => heard.length > 0);
    expect(heard).toEqual(['mine']);
    await stop();
    line.first.publish('b', 'late');
    line.first.publish('marker', 'after');
    await until(() => marker.length > 0);
    expect(heard).toEqual(['mine']);
  });

  test(`a payload over the limit says "read again" (${name})`, async () => {
    const heard: (string | null)[] = [];
    await line.second.subscribe('big', (payload) => heard.push(payload));
    line.first.publish('big', 'x'.repeat(100_000));
    await until(() => heard.length > 0);
    expect(heard).toEqual([null]);
  });

  test(`a listener that throws does not hurt its neighbours (${name})`, async () => {
    const heard: (string | null)[] = [];
    await line.second.subscribe('throws', () => {
      throw new Error('boom');
    });
    await line.second.subscribe('throws', (payload) => heard.push(payload));
    line.first.publish('throws', 'x');
    await until(() => heard.length > 0);
    expect(heard).toEqual(['x']);
  });

  test(`says "read again" after a break, and goes on (${name})`, async () => {
    const heard: (string | null)[] = [];
    await line.second.subscribe('broken', (payload) => heard.push(payload));
    await line.breakLine();
    await until(() => heard.includes(null));
    await until(() => {
      line.first.publish('broken', 'again');
      return heard.includes('again');
    });
    expect(heard).toContain('again');
  });
});

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    if (waited > 10_000) throw new Error('It did not happen within 10 seconds');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 200));
}
