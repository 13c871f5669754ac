import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { readEnv } from '../../src/config/env.js';
import { DatabaseUrl } from '../../src/platform/database/database-url.js';
import { PostgresQueue } from '../../src/platform/queue/postgres-queue.js';
import { type Queue } from '../../src/platform/queue/queue.js';
import { RedisQueue } from '../../src/platform/queue/redis-queue.js';
import { describeWithRedis, TestRedis } from '../support/redis-server.js';
import { until } from '../support/server-process.js';
import { makeDatabase, testEnvironment } from '../support/test-app.js';

const LEASE_SECONDS = 30;

interface Place {
  open(): Queue;
  close(): Promise<void>;
}

async function inPostgres(): Promise<Place> {
  const url = new DatabaseUrl(readEnv(testEnvironment(await makeDatabase(), '/nonexistent')));
  return { open: () => new PostgresQueue(url, LEASE_SECONDS), close: async () => undefined };
}

async function inRedis(): Promise<Place> {
  const redis = await TestRedis.make();
  return { open: () => new RedisQueue(redis.url, LEASE_SECONDS), close: () => redis.remove() };
}

Logger.overrideLogger(false);

describe('Queue in PostgreSQL', () => {
  behavesLikeAQueue(inPostgres);
});
describeWithRedis('Queue in Redis', () => {
  behavesLikeAQueue(inRedis);
});

/** What every queue must do. */
function behavesLikeAQueue(makePlace: () => Promise<Place>): void {
  let place: Place;
  let first: Queue;
  let second: Queue;
  beforeAll(async () => {
    place = await makePlace();
    [first, second] = [place.open(), place.open()];
    // Two instances that start at once.
    await Promise.all([first.migrate(), second.migrate()]);
  });
  afterAll(async () => {
    await first?.close();
    await second?.close();
    await place?.close();
  });

  it('gives every job to exactly one worker', async () => {
    const done: string[] = [];
    await first.work('each', async (job) => void done.push(job.data.n ?? ''), { concurrency: 3 });
    await second.work('each', async (job) => void done.push(job.data.n ?? ''), { concurrency: 3 });
    const numbers = Array.from({ length: 40 }, (_, index) => String(index));
    await Promise.all(numbers.map((n) => first.add('each', { id: randomUUID(), data: { n } })));
    await until('all are done', () => done.length >= 40);
    expect(done.sort()).toEqual(numbers.sort());
    expect(await second.waiting('each')).toBe(0);
  });

  it('does not add an id that waits, and takes it again once it is done', async () => {
    let runs = 0;
    const id = `${randomUUID()}-0`;
    await Promise.all([1, 2, 3].map(() => first.add('once', { id, data: {} })));
    expect(await first.waiting('once')).toBe(1);
    await first.work('once', async () => void (runs += 1), { concurrency: 1 });
    await until('it ran', () => runs === 1);
    await until('it ran again', async () => {
      await first.add('once', { id, data: {} });
      return runs >= 2;
    });
    expect(runs).toBeGreaterThanOrEqual(2);
  });

  it('a job that fails neither blocks the others nor comes back [R42]', async () => {
    const seen: string[] = [];
    await first.work(
      'poison',
      async (job) => {
        seen.push(job.data.n ?? '');
        if (job.data.n === 'bad') throw new Error('poison');
      },
      { concurrency: 1 },
    );
    await first.add('poison', { id: randomUUID(), data: { n: 'bad' } });
    await first.add('poison', { id: randomUUID(), data: { n: 'good' } });
    await until('the good one ran', () => seen.includes('good'));
    expect(seen).toEqual(['bad', 'good']);
  });

  it('a paused worker takes no more jobs and finishes what runs', async () => {
    const queue = place.open();
    const started: string[] = [];
    const ended: string[] = [];
    let release: () => void = () => undefined;
    const worker = await queue.work(
      'pause',
      async (job) => {
        started.push(job.data.n ?? '');
        await new Promise<void>((resolve) => (release = resolve));
        ended.push(job.data.n ?? '');
      },
      { concurrency: 1 },
    );
    await queue.add('pause', { id: randomUUID(), data: { n: 'a' } });
    await until('it began', () => started.length === 1);
    await worker.pause();
    await queue.add('pause', { id: randomUUID(), data: { n: 'b' } });
    release();
    await worker.close();
    expect([started, ended]).toEqual([['a'], ['a']]);
    expect(await queue.waiting('pause')).toBe(1);
    await queue.close();
  });
}
