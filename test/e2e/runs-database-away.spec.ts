import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { makeAgents, TracedTools } from '../support/run-tools.js';
import { startRun, warmUp } from '../support/runs.js';
import { cleanUp, makeFolder, until } from '../support/server-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

jest.setTimeout(120_000);

const LOOK_UP = 'Look up the word "zebra"';
const NOTE = 'Append the note "buy milk" to the ledger';

const tools = new TracedTools(makeFolder('database-away'));
let server: TestApp;
let token: string;
let locker: pg.Client;

beforeAll(async () => {
  await warmUp();
  server = await startTestApp({ EXTENSIONS_DIR: tools.extensions });
  token = await server.login();
  await makeAgents(server, token);
  locker = new pg.Client({ connectionString: server.databaseUrl });
  await locker.connect();
}, 180_000);
afterEach(async () => {
  tools.release();
  await locker.query('rollback');
});
afterAll(async () => {
  await locker?.end();
  await server?.stop();
  cleanUp();
});

/** From now on every statement on the table runs into its time limit, as on a database that is overrun. */
async function block(table: string): Promise<void> {
  await locker.query('begin');
  await locker.query(`lock table ${table} in access exclusive mode`);
}

/** A run inside a tool that waits. */
async function runInside(tool: string, input: string, agent: string) {
  tools.hold();
  const before = tools.calls(tool);
  const { conversationId, run } = await startRun(server, token, { input, agent });
  await until('the tool runs', () => tools.calls(tool) > before, 60_000);
  return { conversationId, id: run.id, before };
}

/** Waits until the run is for a worker again: it was queued when it was made, and now once more. */
const isSetBack = (id: string) =>
  until(
    'the run is queued again',
    async () => (await typesOf(id)).filter((type) => type === 'run.queued').length > 1,
    60_000,
  );

async function typesOf(id: string): Promise<string[]> {
  const rows = await server.sql<{ type: string }>(
    'select type from run_events where run_id = $1 order by seq',
    [id],
  );
  return rows.map(({ type }) => type);
}

const wait = async (id: string) =>
  (await server.call('GET', `/api/v1/runs/${id}/wait?timeoutMs=60000`, { token })).body;

describe('[R02] a run whose database does not answer for a while goes back to the queue, and on by its journal', () => {
  it('before it is begun', async () => {
    const { conversationId, id } = await runInside('lookup_word', LOOK_UP, 'librarian');
    const route = `/api/v1/conversations/${conversationId}/runs`;
    const body = { input: LOOK_UP, agent: 'librarian' };
    const next = (await server.call('POST', route, { token, body })).body;
    // Its agent is read when a run begins, and by nothing that the run before it still has to do.
    await block('agents');
    tools.release();
    await isSetBack(next.id);
    await locker.query('rollback');
    expect([(await wait(id)).status, (await wait(next.id)).status]).toEqual(['completed', 'completed']);
    const types = await typesOf(next.id);
    for (const once of ['run.started', 'run.completed'])
      expect(types.filter((type) => type === once)).toHaveLength(1);
  });

  it.each([
    ['by itself', 'librarian'],
    ['for an agent that asks', 'chief'],
  ])('at the record of a reading call, which is made again: %s', async (_name, agent) => {
    const { id, before } = await runInside('lookup_word', LOOK_UP, agent);
    await block('tool_calls');
    tools.release();
    await isSetBack(id);
    await locker.query('rollback');
    const done = await wait(id);
    expect([done.status, done.output?.text]).toEqual([
      'completed',
      expect.stringContaining('lookup_word got zebra'),
    ]);
    expect(tools.calls('lookup_word')).toBeGreaterThan(before + 1);
    expect(await typesOf(id)).not.toContain('tool_call.failed');
  });

  it('at the record of a writing call, of which its owner is asked', async () => {
    const { id, before } = await runInside('append_note', NOTE, 'clerk');
    await block('tool_calls');
    tools.release();
    await isSetBack(id);
    await locker.query('rollback');
    expect((await wait(id)).status).toBe('requires_action');
    const [asked] = (await server.call('GET', `/api/v1/approvals?runId=${id}`, { token })).body.items;
    expect(asked).toMatchObject({ kind: 'confirm_retry', tool: 'append_note', status: 'pending' });
    await server.call('POST', `/api/v1/approvals/${asked.id}`, { token, body: { decision: 'reject' } });
    expect((await wait(id)).status).toBe('completed');
    expect(tools.calls('append_note')).toBe(before + 1);
  });
});
