import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addMember, type TestAccount } from '../support/accounts.js';
import { warmUp } from '../support/runs.js';
import { until } from '../support/server-process.js';
import { sharedEnvironment, startTestApp, type TestApp } from '../support/test-app.js';

let one: TestApp;
let two: TestApp;
let user: TestAccount;
beforeAll(async () => {
  await warmUp();
  const shared = await sharedEnvironment();
  one = await startTestApp(shared);
  two = await startTestApp(shared);
  user = await addMember(one);
});
afterAll(async () => {
  await one?.stop();
  await two?.stop();
});

const DAILY = { name: 'Sum', input: 'What is 2 + 3?', cron: '30 8 * * 1-5', timeZone: 'Europe/Berlin' };
const call = (method: string, path = '', body?: object, headers = {}) =>
  one.call(method, `/api/v1/schedules${path}`, { token: user.token, headers, ...(body && { body }) });
const runsOf = (id: string) =>
  one.sql<{ id: string; status: string }>(
    `select id, status from runs where metadata ->> 'scheduleId' = $1`,
    [id],
  );
/** Brings its time, without waiting for it. */
const bring = (id: string) =>
  one.sql(`update schedules set next_run_at = now() - interval '3 days' where id = $1`, [id]);

describe('schedules', () => {
  it('are made once for one key, read, changed, listed and deleted', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const made = await call('POST', '', DAILY, headers);
    expect([made.status, made.body]).toMatchObject([
      201,
      { ...DAILY, agent: 'assistant', overlap: 'skip', enabled: true, nextRunAt: expect.any(String) },
    ]);
    expect(made.body).not.toHaveProperty('credential');
    expect((await call('POST', '', DAILY, headers)).body.id).toBe(made.body.id);
    const { id } = made.body;
    const off = await call('PATCH', `/${id}`, { enabled: false });
    expect([off.body.enabled, off.body.nextRunAt]).toEqual([false, undefined]);
    expect((await call('GET')).body.items.map((item: { id: string }) => item.id)).toEqual([id]);
    expect((await call('DELETE', `/${id}`)).status).toBe(204);
    for (const method of ['GET', 'DELETE'])
      expect((await call(method, `/${id}`)).body.code).toBe('schedule_not_found');
    // [S80] Each write once, and what changed nothing not at all.
    expect(
      await one.sql(`select action, details from audit_log where target_id = $1 order by sequence`, [id]),
    ).toEqual([
      {
        action: 'schedule.created',
        details: { agent: 'assistant', cron: DAILY.cron, timeZone: DAILY.timeZone },
      },
      { action: 'schedule.changed', details: { changed: ['enabled'] } },
      { action: 'schedule.deleted', details: {} },
    ]);
  });

  it('refuse what never comes true, and an agent that there is not', async () => {
    const wrong = await call('POST', '', { ...DAILY, cron: '0 0 31 2 *' });
    expect([wrong.status, wrong.body.errors[0].field]).toEqual([400, 'cron']);
    const zone = await call('POST', '', { ...DAILY, timeZone: 'Mars/Olympus' });
    expect([zone.status, zone.body.errors[0].field]).toEqual([400, 'timeZone']);
    expect((await call('POST', '', { ...DAILY, agent: 'nobody' })).body.code).toBe('agent_not_found');
  });

  it('make one run a tick over two instances, and one for all ticks that were missed', async () => {
    const { id } = (await call('POST', '', DAILY)).body;
    await bring(id);
    await until('it ran', async () => (await runsOf(id))[0]?.status === 'completed', 20_000);
    await delay(2500);
    expect(await runsOf(id)).toHaveLength(1);
    const { body } = await call('GET', `/${id}`);
    expect(body.lastRunId).toBe((await runsOf(id))[0]?.id);
    expect(Date.parse(body.nextRunAt)).toBeGreaterThan(Date.now());
    await call('DELETE', `/${id}`);
  });

  it('leave a tick out while the run before has not ended, unless it may wait', async () => {
    const { id } = (await call('POST', '', DAILY)).body;
    const waits = await one.call('POST', '/api/v1/runs', {
      token: user.token,
      body: { input: 'Hello', delaySeconds: 3600 },
    });
    await one.sql('update schedules set last_run_id = $2 where id = $1', [id, waits.body.id]);
    await bring(id);
    const moved = async () => Date.parse((await call('GET', `/${id}`)).body.nextRunAt) > Date.now();
    await until('the tick passed', moved);
    expect(await runsOf(id)).toEqual([]);
    await call('PATCH', `/${id}`, { overlap: 'enqueue' });
    await bring(id);
    await until('it ran', async () => (await runsOf(id)).length === 1);
    await call('DELETE', `/${id}`);
  });

  it('are paused when their user is disabled', async () => {
    const { id } = (await call('POST', '', DAILY)).body;
    await one.sql('update users set disabled_at = now() where id = $1', [user.id]);
    await bring(id);
    const state = () =>
      one.sql<{ enabled: boolean; problem: string }>('select enabled, problem from schedules where id = $1', [
        id,
      ]);
    await until('it is paused', async () => (await state())[0]?.enabled === false);
    expect((await state())[0]?.problem).toBe('user_disabled');
    expect(await runsOf(id)).toEqual([]);
    await one.sql('update users set disabled_at = null where id = $1', [user.id]);
    await until('it is woken', async () => (await call('PATCH', `/${id}`, { enabled: true })).status === 200);
    expect((await call('GET', `/${id}`)).body).not.toHaveProperty('problem');
  });
});
