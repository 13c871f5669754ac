import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { RunHolder } from '../../src/runs/run-holder.service.js';
import { RunLeasesRepository } from '../../src/runs/run-leases.repository.js';
import { makeAgents, TracedTools } from '../support/run-tools.js';
import { readEvents, startRun, warmUp } from '../support/runs.js';
import { until } from '../support/server-process.js';
import { sharedEnvironment, startTestApp, type TestApp } from '../support/test-app.js';

const LOOK_UP = 'Look up the word "zebra"';

const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-two-'));
const tools = new TracedTools(folder);
let front: TestApp;
let back: TestApp;
let token: string;
beforeAll(async () => {
  await warmUp();
  const shared = {
    ...(await sharedEnvironment()),
    EXTENSIONS_DIR: tools.extensions,
    LEASE_SECONDS: '6',
  };
  front = await startTestApp({ ...shared, ROLE: 'api' });
  back = await startTestApp({ ...shared, ROLE: 'all' });
  token = await front.login();
  await makeAgents(front, token);
});
afterEach(() => tools.release());
afterAll(async () => {
  await front?.stop();
  await back?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const wait = async (id: string) =>
  (await front.call('GET', `/api/v1/runs/${id}/wait?timeoutMs=30000`, { token })).body;

async function runInside(tool: string, agent: string) {
  tools.hold();
  const before = tools.calls(tool);
  const { run } = await startRun(front, token, { input: LOOK_UP, agent });
  await until('the tool runs', () => tools.calls(tool) > before, 20_000);
  return { id: run.id, before };
}

describe('two instances on one database', () => {
  it('a run that one accepted is done by the other, and streamed by both', async () => {
    const { run } = await startRun(front, token, { input: LOOK_UP, agent: 'chief' });
    const route = `/api/v1/runs/${run.id}/events`;
    const streams = await Promise.all([front.url, back.url].map((url) => readEvents(url + route, { token })));
    for (const events of streams) {
      expect(events.map((event) => event.id)).toEqual(events.map((_, index) => index + 1));
      expect(events.at(-1)?.type).toBe('run.completed');
    }
    expect(streams[0]?.map((event) => event.data)).toEqual(streams[1]?.map((event) => event.data));
  });

  it('a cancel on one reaches the worker on the other', async () => {
    const { id } = await runInside('lookup_word', 'librarian');
    const answer = await front.call('POST', `/api/v1/runs/${id}/cancel`, { token });
    expect(answer.status).toBe(202);
    expect((await wait(id)).status).toBe('cancelled');
  });

  it('[R26] a worker that lost its run writes nothing more, and the run goes on elsewhere', async () => {
    const { id, before } = await runInside('lookup_word', 'librarian');
    // Another worker takes it, and dies later.
    const [taken] = await front.sql<{ fence: number; last_seq: number }>(
      `update runs set fence = fence + 1, lease_owner = 'another', lease_until = now() + interval '1 hour'
        where id = $1 returning fence, last_seq`,
      [id],
    );
    tools.release();
    await until('the worker has let it go', () => !back.app.get(RunHolder).holds(id), 30_000);
    const [row] = await front.sql<{ last_seq: number; status: string }>(
      'select last_seq, status from runs where id = $1',
      [id],
    );
    expect(row).toEqual({ last_seq: taken?.last_seq, status: 'running' });
    const open = await front.sql(`select 1 from run_steps where run_id = $1 and status = 'started'`, [id]);
    expect(open).toHaveLength(1);
    await front.sql('update runs set lease_until = now() where id = $1', [id]);
    const done = await wait(id);
    expect(done.status).toBe('completed');
    expect(tools.calls('lookup_word') - before).toBe(2);
    const events = await readEvents(`${front.url}/api/v1/runs/${id}/events`, { token });
    expect(events.map((event) => event.id)).toEqual(events.map((_, index) => index + 1));
  });

  it('[R25] a worker that cannot renew its lease leaves what it has begun to the next one', async () => {
    const { id, before } = await runInside('lookup_word', 'librarian');
    const away = jest.spyOn(back.app.get(RunLeasesRepository), 'renew').mockRejectedValue(new Error('away'));
    const isTakenAgain = async () =>
      (await front.sql('select 1 from runs where id = $1 and fence > 1', [id])).length === 1;
    await until('it is taken again', isTakenAgain, 40_000);
    away.mockRestore();
    tools.release();
    const done = await wait(id);
    expect([done.status, done.output.text]).toEqual([
      'completed',
      expect.stringContaining('lookup_word got zebra'),
    ]);
    expect(tools.calls('lookup_word') - before).toBeGreaterThanOrEqual(2);
    const events = await readEvents(`${front.url}/api/v1/runs/${id}/events`, { token });
    expect(events.filter((event) => event.type === 'tool_call.failed')).toEqual([]);
  }, 90_000);

  it('a run survives that every connection to the database breaks', async () => {
    const { id } = await runInside('lookup_word', 'chief');
    await front
      .sql(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
      )
      .catch(() => undefined);
    tools.release();
    await until(
      'it is done',
      async () => (await front.call('GET', `/api/v1/runs/${id}`, { token })).body.status === 'completed',
      30_000,
    );
    const events = await readEvents(`${front.url}/api/v1/runs/${id}/events`, { token });
    expect(events.map((event) => event.id)).toEqual(events.map((_, index) => index + 1));
    expect(events.filter((event) => event.type === 'tool_call.completed')).toHaveLength(1);
  });

  it('a run that the queue lost is found and done', async () => {
    const id = randomUUID();
    await copyLatestRun(id, 0);
    expect((await wait(id)).status).toBe('completed');
  });

  it('[R42] a run over which workers died again and again is given up', async () => {
    const id = randomUUID();
    await copyLatestRun(id, 5);
    expect(await wait(id)).toMatchObject({ status: 'failed', error: { code: 'run_crashed' } });
    // It is found among the others, and can be done again.
    const dead = await front.call('GET', '/api/v1/runs?code=run_crashed', { token });
    expect(dead.body.items.map((run: { id: string }) => run.id)).toEqual([id]);
    expect((await front.call('GET', '/api/v1/runs?code=run_timeout', { token })).body.items).toEqual([]);
    const again = await front.call('POST', `/api/v1/runs/${id}/retry`, { token });
    expect([again.status, again.body.retryOf]).toEqual([202, id]);
    expect((await wait(again.body.id)).status).toBe('completed');
  });

  it('a run that nobody answered for a day expires', async () => {
    const id = randomUUID();
    await copyLatestRun(id, 0, 'requires_action', '25 hours');
    await until(
      'it expired',
      async () => (await front.call('GET', `/api/v1/runs/${id}`, { token })).body.status === 'expired',
      20_000,
    );
    const events = await readEvents(`${front.url}/api/v1/runs/${id}/events`, { token });
    expect(events.at(-1)?.type).toBe('run.expired');
  });

  it('says in the state of the tables who holds what: nobody, at the end', async () => {
    const held = await front.sql('select id from runs where lease_owner is not null');
    expect(held).toEqual([]);
  });
});

/** A run without a conversation that no queue knows of. */
async function copyLatestRun(id: string, attempt: number, status = 'queued', age = '0 hours'): Promise<void> {
  await front.sql(
    `insert into runs (id, user_id, agent, status, input, usage, limits, metadata, credential, attempt, last_seq, created_at)
     select $1, user_id, agent, $3, input, usage, limits, metadata, credential, $2, 0, now() - $4::interval
       from runs order by position desc limit 1`,
    [id, attempt, status, age],
  );
}
