import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EmbeddedPostgres } from '../../src/platform/database/embedded/embedded-postgres.js';
import { Transactions } from '../../src/platform/database/transactions.js';
import { until } from '../support/server-process.js';
import { startTestApp, type TestApp, type TestResponse } from '../support/test-app.js';

const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-outage-'));
const CONVERSATIONS = '/api/v1/conversations';
/** What docs promise of a database that is away. */
const LIMIT_MS = 3000;
let postgres: EmbeddedPostgres;
let server: TestApp;
let token: string;
/** More conversations than the pool has connections. */
const ids: string[] = [];

beforeAll(async () => {
  postgres = await EmbeddedPostgres.start(folder);
  server = await startTestApp({ DATABASE_URL: postgres.url });
  token = await server.login();
  for (let i = 0; i < 20; i += 1) {
    ids.push((await server.call('POST', CONVERSATIONS, { token, body: { title: 'before' } })).body.id);
  }
});
afterAll(async () => {
  await server?.stop();
  await postgres?.leave();
  rmSync(folder, { recursive: true, force: true });
});

/** Calls and measures; `ms` is what a client waits. */
async function timed(method: string, route: string, options: object = {}) {
  const started = performance.now();
  const answer: TestResponse = await server.call(method, route, { token, ...options });
  return { ...answer, ms: performance.now() - started };
}

async function expectOutage(): Promise<void> {
  const [health, live, ready, ...requests] = await Promise.all([
    timed('GET', '/health'),
    timed('GET', '/health/live'),
    timed('GET', '/health/ready'),
    timed('GET', CONVERSATIONS),
    timed('POST', CONVERSATIONS, { body: { title: 'lost' } }),
    timed('POST', CONVERSATIONS, { body: { title: 'lost' }, headers: { 'idempotency-key': 'outage' } }),
    // More than the pool has connections.
    ...Array.from({ length: 15 }, () => timed('GET', CONVERSATIONS)),
  ]);
  expect([health.status, health.body.status, health.body.postgresql]).toEqual([
    503,
    'unhealthy',
    'disconnected',
  ]);
  expect(live.status).toBe(200);
  expect([ready.status, ready.body.error?.postgresql.status]).toEqual([503, 'down']);
  for (const answer of requests) {
    expect([answer.status, answer.body.code]).toEqual([503, 'database_unavailable']);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.headers.get('retry-after')).toBe('2');
  }
  expect(Math.max(...requests.map((answer) => answer.ms))).toBeLessThan(LIMIT_MS);
}

async function expectRecovery(): Promise<void> {
  const isHealthy = async () => (await server.call('GET', '/health')).status === 200;
  await until('the server is healthy again', isHealthy);
  // Every connection of the pool must work again, and what is acknowledged must be there for others to see. These
  // writes open no transaction of their own: one left open by a dead request would swallow them.
  const title = `kept ${Date.now()}`;
  const kept = await Promise.all(
    ids.map((id) => timed('PATCH', `${CONVERSATIONS}/${id}`, { body: { title } })),
  );
  expect(new Set(kept.map((answer) => answer.status))).toEqual(new Set([200]));
  expect(await server.sql('select id from conversations where title = $1', [title])).toHaveLength(ids.length);
  const made = await Promise.all(ids.map(() => timed('POST', CONVERSATIONS, { body: { title: 'back' } })));
  expect(new Set(made.map((answer) => answer.status))).toEqual(new Set([201]));
}

describe('[R02] PostgreSQL stopped', () => {
  it('gives 503 within 3 s and comes back by itself', async () => {
    await postgres.leave();
    await expectOutage();
    postgres = await EmbeddedPostgres.start(folder);
    await expectRecovery();
    expect(await server.sql(`select id from conversations where title = 'lost'`)).toHaveLength(0);
  });
});

describe('[R03] PostgreSQL frozen, its sockets open', () => {
  it('gives 503 within 3 s in every phase and loses nothing that was acknowledged', async () => {
    await Promise.all(Array.from({ length: 20 }, () => server.call('GET', CONVERSATIONS, { token })));
    const pids = postgresPids();
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    try {
      // The connections that stand get a `start transaction` that the server will read when it wakes up: none of
      // them may serve anybody again. Then those that are made anew.
      const transactions = server.app.get(Transactions);
      const started = await Promise.allSettled(
        Array.from({ length: 10 }, () => transactions.run(async () => undefined)),
      );
      expect(new Set(started.map((result) => result.status))).toEqual(new Set(['rejected']));
      await expectOutage();
      await expectOutage();
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    }
    await expectRecovery();
  });
});

/** The postmaster and all its children. */
function postgresPids(): number[] {
  const [postmaster] = readFileSync(path.join(folder, 'pg/postmaster.pid'), 'utf8').split('\n');
  const children = readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] === postmaster;
    } catch {
      return false;
    }
  });
  return [Number(postmaster), ...children.map(Number)];
}
