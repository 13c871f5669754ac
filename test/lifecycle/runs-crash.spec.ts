import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { makeAgents, TracedTools } from '../support/run-tools.js';
import { readEvents, startRun, type StreamedEvent } from '../support/runs.js';
import {
  buildOnce,
  cleanUp,
  makeFolder,
  type ServerProcess,
  startServer,
  until,
} from '../support/server-process.js';
import { ADMIN, makeDatabase, patientCaller, testEnvironment, type TestApp } from '../support/test-app.js';

jest.setTimeout(120_000);

const LOOK_UP = 'Look up the word "zebra"';
const NOTE = 'Append the note "buy milk" to the ledger';

const folder = makeFolder('crash');
const tools = new TracedTools(folder);
let environment: Record<string, string>;
let server: ServerProcess;
let call: TestApp['call'];
let token: string;

async function start(settings: Record<string, string> = {}): Promise<void> {
  server = await startServer({ ...environment, ...settings });
  call = patientCaller(server.url);
  // A token outlives the server that gave it.
  token ??= (await call('POST', '/api/v1/auth/login', { body: ADMIN })).body.accessToken;
}

beforeAll(async () => {
  buildOnce();
  const databaseUrl = await makeDatabase();
  environment = {
    ...testEnvironment(databaseUrl, folder),
    EXTENSIONS_DIR: tools.extensions,
    // Who waited for the lease of a dead process would still wait at the end of a test.
    LEASE_SECONDS: '120',
    LOG_LEVEL: 'warn',
  };
  await start();
  await makeAgents({ call }, token);
}, 180_000);
afterEach(() => tools.release());
afterAll(async () => {
  await server?.stop();
  cleanUp();
});

/** A run that is inside a call of the tool, with the events read so far; the stream is still open. */
async function runInside(tool: string, input: string, agent: string) {
  tools.hold();
  const before = tools.calls(tool);
  const { conversationId, run } = await startRun({ call }, token, { input, agent });
  let isOpen = false;
  const see = () => {
    isOpen = true;
    return false;
  };
  const url = `${server.url}/api/v1/runs/${run.id}/events`;
  const read = readEvents(url, { token, stop: see }).catch(() => []);
  await until('the tool runs and the stream is open', () => isOpen && tools.calls(tool) > before, 30_000);
  return { conversationId, id: run.id, read, before };
}

const wait = async (id: string) =>
  (await call('GET', `/api/v1/runs/${id}/wait?timeoutMs=40000`, { token })).body;

function expectOnceEach(events: readonly StreamedEvent[]): void {
  expect(events.map((event) => event.id)).toEqual(events.map((_, index) => index + 1));
  const started = events.filter((event) => event.type === 'run.started');
  expect(started).toHaveLength(1);
}

describe('a server that is killed in the middle of a run', () => {
  it('[R25] goes on by its journal after the restart, soon, and streams every event once', async () => {
    const { id, before } = await runInside('lookup_word', LOOK_UP, 'chief');
    const url = (at: string) => `${at}/api/v1/runs/${id}/events`;
    const first = await readEvents(url(server.url), {
      token,
      stop: (event) => event.type === 'tool_call.started',
    });
    const modelCalls = first.filter((event) => event.type === 'usage.updated').length;
    await server.stop('SIGKILL');
    tools.release();
    const killed = Date.now();
    await start();
    const done = await wait(id);
    expect(done.status).toBe('completed');
    expect(done.output.text).toContain('lookup_word got zebra');
    // The lease of the dead process is not waited for: it is known to be dead.
    expect(Date.now() - killed).toBeLessThan(40_000);
    expect(tools.calls('lookup_word') - before).toBe(2);
    const rest = await readEvents(url(server.url), { token, lastEventId: first.at(-1)?.id });
    expectOnceEach([...first, ...rest]);
    const calls = [...first, ...rest].filter((event) => event.type === 'usage.updated').length;
    expect(calls).toBe(done.usage.modelCalls);
    expect(calls).toBeGreaterThan(modelCalls);
  });

  it.each([
    ['approve', 2, 'append_note got buy milk'],
    ['reject', 1, 'not known'],
  ])('[R25] a call that may have had an effect is asked about: %s', async (decision, calls, said) => {
    const { id, before } = await runInside('append_note', NOTE, 'clerk');
    await server.stop('SIGKILL');
    tools.release();
    await start();
    expect((await wait(id)).status).toBe('requires_action');
    // The question survives a crash as well.
    await server.stop('SIGKILL');
    await start();
    const asked = await call('GET', `/api/v1/approvals?runId=${id}`, { token });
    expect(asked.body.items).toMatchObject([
      { kind: 'confirm_retry', reason: 'confirm_retry', tool: 'append_note', status: 'pending' },
    ]);
    const route = `/api/v1/approvals/${asked.body.items[0].id}`;
    const edit = await call('POST', route, {
      token,
      body: { decision: 'edit', arguments: { text: 'sell milk' } },
    });
    expect([edit.status, edit.body.code]).toEqual([422, 'approval_not_editable']);
    expect((await call('POST', route, { token, body: { decision } })).status).toBe(202);
    const done = await wait(id);
    expect([done.status, done.output.text]).toEqual(['completed', expect.stringContaining(said)]);
    expect(tools.calls('append_note') - before).toBe(calls);
    const events = await readEvents(`${server.url}/api/v1/runs/${id}/events`, { token });
    expectOnceEach(events);
    expect(events.filter((event) => event.type === 'approval.resolved')).toHaveLength(1);
  });

  it('[R25] never repeats a call that may have had an effect: the run needs somebody', async () => {
    const { id, conversationId, before } = await runInside('append_note', NOTE, 'clerk');
    await server.stop('SIGKILL');
    tools.release();
    await start();
    const done = await wait(id);
    expect(done.status).toBe('requires_action');
    expect(tools.calls('append_note') - before).toBe(1);
    const events = await readEvents(`${server.url}/api/v1/runs/${id}/events`, { token });
    expect(events.at(-1)).toMatchObject({
      type: 'run.requires_action',
      data: { reason: 'confirm_retry', tool: 'append_note' },
    });
    expectOnceEach(events);
    // The conversation waits with it, and is free again when it is cancelled.
    const next = await call('POST', `/api/v1/conversations/${conversationId}/runs`, {
      token,
      body: { input: LOOK_UP, agent: 'librarian' },
    });
    expect((await call('POST', `/api/v1/runs/${id}/cancel`, { token })).body.status).toBe('cancelled');
    expect((await wait(next.body.id)).status).toBe('completed');
    expect(tools.calls('append_note') - before).toBe(1);
  });
});

describe('a server that is told to stop in the middle of a run', () => {
  it('[R24] is gone within 10 s, hands the run back, and the next one finishes it', async () => {
    const { id, read, before } = await runInside('lookup_word', LOOK_UP, 'librarian');
    const asked = Date.now();
    const code = await server.stop('SIGTERM');
    expect(Date.now() - asked).toBeLessThan(10_000);
    expect([code, server.output()]).toEqual([0, expect.not.stringContaining('"level":50')]);
    const first = await read;
    expect(first.length).toBeGreaterThan(0);
    tools.release();
    await start();
    const done = await wait(id);
    expect(done.status).toBe('completed');
    expect(tools.calls('lookup_word') - before).toBe(2);
    const url = `${server.url}/api/v1/runs/${id}/events`;
    const rest = await readEvents(url, { token, lastEventId: first.at(-1)?.id });
    expectOnceEach([...first, ...rest]);
    expect(rest.filter((event) => event.type === 'run.queued')).toHaveLength(1);
  });

  it('lets the step in progress finish when it is quick, and takes no other', async () => {
    await server.stop();
    // What is quick enough is a third of this.
    await start({ SHUTDOWN_SECONDS: '120' });
    const { id, before } = await runInside('append_note', NOTE, 'clerk');
    const stopped = server.stop('SIGTERM');
    const isLeaving = async () =>
      (await fetch(`${server.url}/health/ready`).catch(() => ({ status: 503 }))).status === 503;
    await until('the server leaves', isLeaving);
    tools.release();
    expect(await stopped).toBe(0);
    await start();
    expect((await wait(id)).status).toBe('completed');
    expect(tools.calls('append_note') - before).toBe(1);
  });

  it('nothing of a prompt or a result is in the log', () => {
    expect(server.output()).not.toContain('zebra');
    expect(readFileSync(path.join(folder, 'lookup_word.calls'), 'utf8').length).toBeGreaterThan(0);
  });
});
