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
import { describeWithRedis, TestRedis } from '../support/redis-server.js';
import { until } from '../support/server-process.js';
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

describe('EventBus over PostgreSQL', () => {
  behavesLikeAnEventBus(overPostgres);

  it('an instance hears itself once, also while the database says nothing, and tells the others together', async () => {
    const sent: (readonly string[])[] = [];
    const silent = {
      listen: async () => undefined,
      notify: async (payloads: readonly string[]) => {
        sent.push(payloads);
        throw new Error('away');
      },
    } as unknown as Notifications;
    const bus = new PostgresEventBus(silent);
    const heard: (string | null)[] = [];
    await bus.subscribe('self', (payload) => heard.push(payload));
    for (const payload of ['a', 'b', 'c', 'x'.repeat(8000)]) bus.publish('self', payload);
    await until('all is sent', () => sent.flat().length === 4);
    expect(heard).toEqual(['a', 'b', 'c', null]);
    // The first at once, the others in one statement.
    expect(sent.map((payloads) => payloads.length)).toEqual([1, 3]);
  });
});
describeWithRedis('EventBus over Redis', () => {
  behavesLikeAnEventBus(overRedis);
});

/** What every event bus must do. */
function behavesLikeAnEventBus(open: () => Promise<Line>): void {
  let line: Line;
  beforeAll(async () => {
    line = await open();
  });
  afterAll(() => line?.close());

  it('brings payloads to every instance, in order', async () => {
    const here: (string | null)[] = [];
    const there: (string | null)[] = [];
    await line.first.subscribe('a', (payload) => here.push(payload));
    await line.second.subscribe('a', (payload) => there.push(payload));
    await until('both hear', () => {
      line.first.publish('a', 'ready');
      return here.includes('ready') && there.includes('ready');
    });
    // Whatever of that is still under way comes before it.
    const sent = ['first', ...Array.from({ length: 200 }, (_, index) => `${index} ünï\n=x`), 'last'];
    for (const payload of sent) line.first.publish('a', payload);
    await until('the last is there', () => [here, there].every((heard) => heard.at(-1) === 'last'));
    for (const heard of [here, there]) expect(heard.slice(heard.indexOf('first'))).toEqual(sent);
  });

  it('keeps channels apart and stops after the end of a subscription', async () => {
    const heard: (string | null)[] = [];
    const stop = await line.second.subscribe('b', (payload) => heard.push(payload));
    const marker: (string | null)[] = [];
    await line.second.subscribe('marker', (payload) => marker.push(payload));
    line.first.publish('c', 'other');
    line.first.publish('b', 'mine');
    await until('it is heard', () => heard.length > 0);
    expect(heard).toEqual(['mine']);
    await stop();
    line.first.publish('b', 'late');
    line.first.publish('marker', 'after');
    await until('the marker is heard', () => marker.length > 0);
    expect(heard).toEqual(['mine']);
  });

  it('a payload over the limit says "read again"', async () => {
    const heard: (string | null)[] = [];
    await line.second.subscribe('big', (payload) => heard.push(payload));
    line.first.publish('big', 'x'.repeat(100_000));
    await until('it is heard', () => heard.length > 0);
    expect(heard).toEqual([null]);
  });

  it('a listener that throws does not hurt its neighbours', async () => {
    const heard: (string | null)[] = [];
    await line.second.subscribe('throws', () => {
      throw new Error('boom');
    });
    await line.second.subscribe('throws', (payload) => heard.push(payload));
    line.first.publish('throws', 'x');
    await until('it is heard', () => heard.length > 0);
    expect(heard).toEqual(['x']);
  });

  it('says "read again" after a break, and goes on', async () => {
    const heard: (string | null)[] = [];
    await line.second.subscribe('broken', (payload) => heard.push(payload));
    await line.breakLine();
    await until('the break is told', () => heard.includes(null));
    await until('it is heard again', () => {
      line.first.publish('broken', 'again');
      return heard.includes('again');
    });
    expect(heard).toContain('again');
  });
}
