import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { addMember } from '../support/accounts.js';
import { makeAgents, TracedTools } from '../support/run-tools.js';
import { startRun, warmUp } from '../support/runs.js';
import { until } from '../support/server-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const LOOK_UP = 'Look up the word "zebra"';

const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-order-'));
const tools = new TracedTools(folder);
let server: TestApp;
let token: string;
beforeAll(async () => {
  await warmUp();
  server = await startTestApp({ EXTENSIONS_DIR: tools.extensions, RUN_CONCURRENCY: '3' });
  token = await server.login();
  await makeAgents(server, token);
});
afterEach(() => tools.release());
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const post = (body: object, as = token) =>
  server.call('POST', '/api/v1/runs', {
    token: as,
    body: { input: LOOK_UP, agent: 'librarian', ...body },
  });
const wait = async (id: string, as = token) =>
  (await server.call('GET', `/api/v1/runs/${id}/wait?timeoutMs=25000`, { token: as })).body;
const statusOf = async (id: string) =>
  (await server.call('GET', `/api/v1/runs/${id}`, { token })).body.status;
const running = async () =>
  (await server.sql<{ id: string }>(`select id from runs where status = 'running'`)).map((row) => row.id);
const drained = () =>
  until(
    'all have ended',
    async () =>
      (await server.sql(`select 1 from runs where status in ('queued', 'running') and start_at is null`))
        .length === 0,
    60_000,
  );

describe('whose turn it is', () => {
  it('[R37] 500 runs of one user do not hold up that of another', async () => {
    tools.hold();
    const first = await post({});
    await server.sql(
      `insert into runs (id, user_id, agent, status, input, usage, limits, metadata, credential, last_seq, created_at)
       select gen_random_uuid(), user_id, agent, 'queued', input, usage, limits, metadata, credential, 0, now()
         from runs, generate_series(1, 499) where id = $1`,
      [first.body.id],
    );
    await until('one user has his share', async () => (await running()).length === 2, 20_000);
    const other = await addMember(server);
    const small = await server.call('POST', '/api/v1/runs', {
      token: other.token,
      body: { input: 'What is 2 + 3?' },
    });
    const done = await wait(small.body.id, other.token);
    expect([done.status, done.output.text]).toEqual(['completed', expect.stringContaining('5')]);
    // The first user's runs are still where they were.
    expect((await running()).length).toBe(2);
    await server.sql(`update runs set status = 'cancelled', finished_at = now() where status = 'queued'`);
    tools.release();
    await drained();
  }, 90_000);

  it('runs with a higher priority go first; above 0 only for admins', async () => {
    tools.hold();
    const busy = [await post({}), await post({})];
    await until('the worker is full', async () => (await running()).length === 2);
    const low = await post({ priority: -1 });
    const usual = await post({});
    const high = await post({ priority: 5 });
    expect([low, usual, high].map(({ status }) => status)).toEqual([202, 202, 202]);
    tools.release();
    for (const run of [...busy, low, usual, high]) expect((await wait(run.body.id)).status).toBe('completed');
    const order = await server.sql<{ id: string }>(
      'select id from runs where id = any($1) order by started_at',
      [[low, usual, high].map(({ body }) => body.id)],
    );
    expect(order.map(({ id }) => id)[0]).toBe(high.body.id);
    expect(order.map(({ id }) => id)[2]).toBe(low.body.id);
    const member = await addMember(server);
    const refused = await post({ priority: 1 }, member.token);
    expect([refused.status, refused.body.code]).toEqual([403, 'insufficient_scope']);
  }, 60_000);
});

describe('a run for later', () => {
  it('starts not before its time, and does not hold up others', async () => {
    const made = Date.now();
    const later = await post({ delaySeconds: 2 });
    expect(later.body).toMatchObject({ status: 'queued', startAt: expect.any(String) });
    expect((await wait((await post({})).body.id)).status).toBe('completed');
    expect((await wait(later.body.id)).status).toBe('completed');
    const [row] = await server.sql<{ started_at: Date }>('select started_at from runs where id = $1', [
      later.body.id,
    ]);
    expect(row?.started_at.getTime()).toBeGreaterThanOrEqual(made + 1900);
    const both = await post({ delaySeconds: 1, startAt: new Date().toISOString() });
    expect([both.status, both.body.code]).toEqual([400, 'invalid_request']);
    const far = await post({ startAt: '2999-01-01T00:00:00Z' });
    expect([far.status, far.body.code]).toEqual([400, 'invalid_request']);
  });

  it('can be cancelled before', async () => {
    const later = await post({ delaySeconds: 3600 });
    expect((await server.call('POST', `/api/v1/runs/${later.body.id}/cancel`, { token })).body.status).toBe(
      'cancelled',
    );
  });
});

describe('a run that is done again', () => {
  it('is a new run of the same question, once for one key, and only when it did not end well', async () => {
    tools.hold();
    const { conversationId, run } = await startRun(server, token, { input: LOOK_UP, agent: 'librarian' });
    const early = await server.call('POST', `/api/v1/runs/${run.id}/retry`, { token });
    expect([early.status, early.body.code]).toEqual([409, 'run_not_retryable']);
    await server.call('POST', `/api/v1/runs/${run.id}/cancel`, { token });
    expect((await wait(run.id)).status).toBe('cancelled');
    tools.release();
    const options = { token, headers: { 'idempotency-key': randomUUID() } };
    const [again, twin] = await Promise.all(
      [1, 2].map(() => server.call('POST', `/api/v1/runs/${run.id}/retry`, options)),
    );
    expect([again?.status, again?.body.retryOf]).toEqual([202, run.id]);
    expect(twin?.body.id).toBe(again?.body.id);
    const done = await wait(again?.body.id);
    expect(done.output.text).toContain('lookup_word got zebra');
    const messages = await server.call('GET', `/api/v1/conversations/${conversationId}/messages`, { token });
    const roles = messages.body.items.map((message: { role: string; status: string }) => message.role);
    expect(roles.filter((role: string) => role === 'user')).toHaveLength(1);
    // The system prompt and the question, once.
    const [step] = await server.sql<{ request: { promptMessages: number } }>(
      `select request from run_steps where run_id = $1 and path = 'librarian/m0'`,
      [done.id],
    );
    expect(step?.request.promptMessages).toBe(2);
    expect(await statusOf(done.id)).toBe('completed');
  });
});
