import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RunLeasesRepository } from '../../src/runs/run-leases.repository.js';
import { addMember } from '../support/accounts.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** Takes no run itself. */
let server: TestApp;
let token: string;
beforeAll(async () => {
  server = await startTestApp({ ROLE: 'api' });
  token = await server.login();
});
afterAll(() => server?.stop());

const post = (as: string, body: object = {}, route = '/api/v1/runs') =>
  server.call('POST', route, { token: as, body: { input: 'What is 2 + 3?', ...body } });

describe('runs that are made at the same time', () => {
  it('are as many as one user may have waiting, each with its events', async () => {
    const { id, token: member } = await addMember(server);
    const answers = await Promise.all(Array.from({ length: 104 }, () => post(member)));
    const codes = answers.map(({ status, body }) => body.code ?? status);
    const count = (code: string | number) => codes.filter((one) => one === code).length;
    expect([count(202), count('too_many_runs')]).toEqual([100, 4]);
    const [row] = await server.sql(
      `select count(distinct r.id)::int as runs, count(*)::int as events, array_agg(distinct e.seq || e.type) as types
         from runs r join run_events e on e.run_id = r.id where r.user_id = $1`,
      [id],
    );
    expect(row).toEqual({ runs: 100, events: 200, types: ['1run.created', '2run.queued'] });
    await server.sql(`update runs set status = 'cancelled', finished_at = now() where user_id = $1`, [id]);
  });

  it('[S70] are refused to whom has spent his budget, and made for others', async () => {
    const poor = await addMember(server);
    const rich = await addMember(server);
    const route = `/api/v1/users/${poor.id}/budget`;
    const budget = { tokensPerDay: 0, usdPerDay: null };
    expect((await server.call('PUT', route, { token, body: budget })).status).toBeLessThan(300);
    const answers = await Promise.all([poor, rich, poor, rich].map((user) => post(user.token)));
    expect(answers.map(({ status, body }) => body.code ?? status)).toEqual([
      ...['budget_exceeded', 202, 'budget_exceeded', 202],
    ]);
    const keyed = await server.call('POST', '/api/v1/runs', {
      token: poor.token,
      body: { input: 'What is 2 + 3?' },
      headers: { 'idempotency-key': randomUUID() },
    });
    expect([keyed.status, keyed.body.code]).toEqual([429, 'budget_exceeded']);
    await server.sql(`update runs set status = 'cancelled', finished_at = now() where status = 'queued'`);
  });
});

describe('runs that are taken at the same time', () => {
  const take = (load: Partial<Parameters<RunLeasesRepository['claim']>[2]>) =>
    server.app.get(RunLeasesRepository).claim('somebody', 30, { runs: [], perUser: 9, room: 9, ...load });
  const made = async (as: string, body: object = {}, route?: string): Promise<string> => {
    const { status, body: run } = await post(as, body, route);
    expect(status).toBe(202);
    return run.id;
  };

  it('[R37] are those whose turn it is one after the other, as many as there is room for', async () => {
    const first = await addMember(server);
    const second = await addMember(server);
    const [a1, a2, a3] = [await made(first.token), await made(first.token), await made(first.token)];
    const [b1, b2] = [await made(second.token), await made(second.token)];
    const low = await made(second.token, { priority: -1 });
    const chat = await server.call('POST', '/api/v1/conversations', { token: second.token, body: {} });
    const route = `/api/v1/conversations/${chat.body.id}/runs`;
    const c1 = await made(second.token, { priority: -2 }, route);
    await made(second.token, { priority: -2 }, route);
    const ids = async (load: Parameters<typeof take>[0]) => (await take(load)).map(({ id }) => id).sort();
    expect(await ids({ room: 0 })).toEqual([]);
    // The oldest of each, then the next of the one with the older run.
    expect(await ids({ room: 3 })).toEqual([a1, a2, b1].sort());
    // The first user has as many as he may here.
    const runs = [a1, a2].map((id) => ({ id, userId: first.id }));
    expect(await ids({ room: 1, runs, perUser: 2 })).toEqual([b2]);
    // Of a conversation only the oldest.
    expect(await ids({ runs, perUser: 2 })).toEqual([low, c1].sort());
    // What another lost before all.
    await server.sql(`update runs set lease_until = now() - interval '1 second' where id = $1`, [b1]);
    expect(await ids({ room: 1 })).toEqual([b1]);
    const [last, ...none] = await take({});
    expect(last).toMatchObject({ id: a3, role: 'member', fence: 1, budget: { tokens: null, usd: null } });
    expect(none).toEqual([]);
  });

  it('tell that their owner was disabled, and what is left of his day', async () => {
    const { id, token: member } = await addMember(server);
    await made(member);
    await server.sql(
      'insert into user_budgets (user_id, tokens_per_day, usd_per_day) values ($1, 100, null)',
      [id],
    );
    await server.sql(
      `insert into usage_daily (user_id, day, agent, model, model_calls, input_tokens, output_tokens, cost_usd, unpriced_calls)
       values ($1, (now() at time zone 'utc')::date, 'assistant', 'x', 1, 20, 10, 0, 0)`,
      [id],
    );
    await server.sql('update users set disabled_at = now() where id = $1', [id]);
    const [run] = await take({});
    expect(run).toMatchObject({ userId: id, role: null, budget: { tokens: 70, usd: null } });
  });
});
