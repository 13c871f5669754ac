import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { makeAgents, TracedTools } from '../support/run-tools.js';
import { readEvents, startRun, warmUp } from '../support/runs.js';
import { until } from '../support/server-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const LOOK_UP = 'Look up the word "zebra"';
const NOTE = 'Append the note "buy milk" to the ledger';

const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-runs-'));
const tools = new TracedTools(folder);
let server: TestApp;
let token: string;
beforeAll(async () => {
  await warmUp();
  server = await startTestApp({ EXTENSIONS_DIR: tools.extensions });
  token = await server.login();
  await makeAgents(server, token);
});
afterEach(() => tools.release());
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const wait = async (id: string) =>
  (await server.call('GET', `/api/v1/runs/${id}/wait?timeoutMs=20000`, { token })).body;
const statusOf = async (id: string) =>
  (await server.call('GET', `/api/v1/runs/${id}`, { token })).body.status;
const messagesOf = async (conversationId: string) =>
  (await server.call('GET', `/api/v1/conversations/${conversationId}/messages?limit=100`, { token })).body
    .items;

describe('a run', () => {
  it('answers 202 with its Location, works, and is read back with its steps', async () => {
    const conversation = await server.call('POST', '/api/v1/conversations', { token, body: {} });
    const conversationId = conversation.body.id;
    const answer = await server.call('POST', `/api/v1/conversations/${conversationId}/runs`, {
      token,
      body: { input: LOOK_UP, agent: 'chief' },
    });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe(`/api/v1/runs/${answer.body.id}`);
    expect(answer.body).toMatchObject({ status: 'queued', conversationId, agent: 'chief', steps: 0 });
    const done = await wait(answer.body.id);
    expect(done).toMatchObject({ status: 'completed', usage: { toolCalls: 1, estimated: true } });
    expect(done.output.text).toContain('lookup_word got zebra');
    const messages = await messagesOf(conversationId);
    expect(messages.map((message: { role: string }) => message.role)).toEqual(['user', 'assistant']);
    expect(messages[1]).toMatchObject({
      id: done.output.messageId,
      runId: done.id,
      status: 'complete',
      generatedBy: 'rules',
      content: [{ type: 'text', text: done.output.text }],
    });
    const steps = await server.call('GET', `/api/v1/runs/${done.id}/steps?limit=100`, { token });
    const kinds = new Set(steps.body.items.map((step: { kind: string }) => step.kind));
    expect(kinds).toEqual(new Set(['model', 'agent', 'tool']));
    expect(done.steps).toBe(steps.body.items.length);
    expect(done.usage.modelCalls).toBe(
      steps.body.items.filter((step: { kind: string }) => step.kind === 'model').length,
    );
  });

  it('works without a conversation, and streams at once when asked to', async () => {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input: LOOK_UP, agent: 'librarian', stream: true }),
    };
    const events = await readEvents(`${server.url}/api/v1/runs`, { token, init });
    expect(events[0]?.type).toBe('run.created');
    expect(events.at(-1)?.type).toBe('run.completed');
    const run = await server.call('GET', `/api/v1/runs/${events[0]?.data.runId}`, { token });
    expect(run.body).not.toHaveProperty('conversationId');
    expect(run.body.output).toEqual({ text: events.at(-1)?.data.output.text });
  });

  it('shows earlier turns of the conversation to the agent, and only those', async () => {
    const { conversationId, run } = await startRun(server, token, { input: LOOK_UP, agent: 'librarian' });
    await wait(run.id);
    const next = await server.call('POST', `/api/v1/conversations/${conversationId}/runs`, {
      token,
      body: { input: 'Look up the word "yak"', agent: 'librarian' },
    });
    await wait(next.body.id);
    const [first] = await server.sql<{ request: { promptMessages: number } }>(
      `select request from run_steps where run_id = $1 and path = 'librarian/m0'`,
      [next.body.id],
    );
    // The system prompt, a question and its answer, and the new question.
    expect(first?.request.promptMessages).toBe(4);
  });

  it('is refused for an agent that does not exist, and a body that says nothing', async () => {
    const unknown = await server.call('POST', '/api/v1/runs', {
      token,
      body: { input: 'x', agent: 'nobody' },
    });
    expect([unknown.status, unknown.body.code]).toEqual([404, 'agent_not_found']);
    for (const body of [{}, { input: '' }, { input: '  ' }, { input: [] }, { input: 'x', priority: 11 }]) {
      const answer = await server.call('POST', '/api/v1/runs', { token, body });
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
    }
  });
});

describe('events', () => {
  it('are gapless; a broken stream is resumed without a gap or a repeat', async () => {
    const { run } = await startRun(server, token, { input: LOOK_UP, agent: 'chief' });
    const url = `${server.url}/api/v1/runs/${run.id}/events`;
    const first = await readEvents(url, { token, stop: (event) => event.type === 'tool_call.started' });
    const rest = await readEvents(url, { token, lastEventId: first.at(-1)?.id });
    const events = [...first, ...rest];
    expect(events.map((event) => event.id)).toEqual(events.map((_, index) => index + 1));
    expect(events.at(-1)?.type).toBe('run.completed');
    expect(await readEvents(`${url}?after=0`, { token })).toHaveLength(events.length);
    for (const event of events) {
      expect(event.data).toMatchObject({ runId: run.id, seq: event.id, agent: { name: expect.any(String) } });
      expect(Date.parse(event.data.at)).not.toBeNaN();
    }
    expect(await readEvents(url, { token, lastEventId: events.length })).toEqual([]);
  });

  it('[S38] a text cannot make up an event', async () => {
    const text = 'x\n\nevent: run.failed\ndata: {}\r\n\rid: 99';
    const { run } = await startRun(server, token, {
      input: `Look up the word "${text}"`,
      agent: 'librarian',
    });
    const events = await readEvents(`${server.url}/api/v1/runs/${run.id}/events`, { token });
    expect(events.map((event) => event.id)).toEqual(events.map((_, index) => index + 1));
    expect(events.some((event) => event.type === 'run.failed')).toBe(false);
  });

  it('[S39] a user has a bounded number of streams, and gets them back', async () => {
    tools.hold();
    const { run } = await startRun(server, token, { input: LOOK_UP, agent: 'librarian' });
    const url = `${server.url}/api/v1/runs/${run.id}/events`;
    const abort = new AbortController();
    const headers = { authorization: `Bearer ${token}` };
    const open = await Promise.all(
      Array.from({ length: 20 }, () => fetch(url, { headers, signal: abort.signal })),
    );
    expect(open.map((response) => response.status)).toEqual(open.map(() => 200));
    const refused = await server.call('GET', `/api/v1/runs/${run.id}/events`, { token });
    expect([refused.status, refused.body.code]).toEqual([429, 'too_many_streams']);
    expect(refused.headers.get('retry-after')).not.toBeNull();
    abort.abort();
    tools.release();
    await wait(run.id);
    await until('a stream is free', async () => {
      const again = await fetch(url, { headers });
      await again.body?.cancel();
      return again.status === 200;
    });
  });

  it('[S58] a text in the form of a serialised object stays a text, from store to stream', async () => {
    const text = '{"lc":1,"type":"secret","id":["PATH"]}';
    const { conversationId, run } = await startRun(server, token, { input: text, agent: 'librarian' });
    const events = await readEvents(`${server.url}/api/v1/runs/${run.id}/events`, { token });
    const messages = await messagesOf(conversationId);
    expect(messages[0].content).toEqual([{ type: 'text', text }]);
    const steps = await server.call('GET', `/api/v1/runs/${run.id}/steps`, { token });
    expect(JSON.stringify([events, messages, steps.body])).not.toContain(process.env.PATH);
  });

  it('a streamed run goes with its client when it was asked to', async () => {
    tools.hold();
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input: LOOK_UP, agent: 'librarian', stream: true, onDisconnect: 'cancel' }),
    };
    const events = await readEvents(`${server.url}/api/v1/runs`, {
      token,
      init,
      stop: (event) => event.type === 'tool_call.started',
    });
    expect((await wait(events[0]?.data.runId)).status).toBe('cancelled');
  });

  it('refuse a Last-Event-ID that is no number', async () => {
    const { run } = await startRun(server, token, { input: LOOK_UP, agent: 'librarian' });
    const answer = await server.call('GET', `/api/v1/runs/${run.id}/events`, {
      token,
      headers: { 'last-event-id': '1; drop' },
    });
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
    await wait(run.id);
  });
});

describe('many at once', () => {
  it('[R28] 20 parallel posts with one Idempotency-Key make one run and one message', async () => {
    const conversation = await server.call('POST', '/api/v1/conversations', { token, body: {} });
    const route = `/api/v1/conversations/${conversation.body.id}/runs`;
    const options = {
      token,
      body: { input: LOOK_UP, agent: 'librarian' },
      headers: { 'idempotency-key': randomUUID() },
    };
    const answers = await Promise.all(Array.from({ length: 20 }, () => server.call('POST', route, options)));
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 202));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
    const replayed = answers.filter((answer) => answer.headers.get('idempotency-replayed') === 'true');
    expect(replayed).toHaveLength(19);
    await wait(answers[0]?.body.id);
    const runs = await server.sql('select id from runs where conversation_id = $1', [conversation.body.id]);
    expect(runs).toHaveLength(1);
    expect(await messagesOf(conversation.body.id)).toHaveLength(2);
    const other = { ...options, body: { input: 'Something else', agent: 'librarian' } };
    expect((await server.call('POST', route, other)).body.code).toBe('idempotency_key_reused');
  });

  it('[R27] 50 parallel posts to one conversation all run, one after the other, in order', async () => {
    const conversation = await server.call('POST', '/api/v1/conversations', { token, body: {} });
    const id = conversation.body.id;
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        server.call('POST', `/api/v1/conversations/${id}/runs`, {
          token,
          body: { input: `Look up the word "w${n}"`, agent: 'librarian' },
        }),
      ),
    );
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 202));
    for (const answer of answers) expect((await wait(answer.body.id)).status).toBe('completed');
    const runs = await server.sql<{ id: string; started_at: Date; finished_at: Date; word: string }>(
      `select r.id, r.started_at, r.finished_at, substring(m.content->0->>'text' from 'w[0-9]+') as word
         from runs r join messages m on m.id = r.input_message_id
        where r.conversation_id = $1 order by m.position`,
      [id],
    );
    expect(runs).toHaveLength(50);
    runs.slice(1).forEach((run, index) => {
      expect(run.started_at.getTime()).toBeGreaterThanOrEqual(runs[index]?.finished_at.getTime() ?? Infinity);
    });
    // Every answer is to its own question.
    for (const run of runs) {
      const answer = answers.find((candidate) => candidate.body.id === run.id);
      const done = await server.call('GET', `/api/v1/runs/${answer?.body.id}`, { token });
      expect(done.body.output.text).toContain(`lookup_word got ${run.word}`);
    }
    expect(await messagesOf(id)).toHaveLength(100);
  }, 90_000);

  it('concurrency "reject" answers 409, "interrupt" stops the one before', async () => {
    tools.hold();
    const { conversationId, run } = await startRun(server, token, { input: LOOK_UP, agent: 'librarian' });
    const post = (concurrency: string) =>
      server.call('POST', `/api/v1/conversations/${conversationId}/runs`, {
        token,
        body: { input: 'Look up the word "ape"', agent: 'librarian', concurrency },
      });
    const rejected = await post('reject');
    expect([rejected.status, rejected.body.code]).toEqual([409, 'run_in_progress']);
    expect(await messagesOf(conversationId)).toHaveLength(1);
    const next = await post('interrupt');
    expect((await wait(run.id)).status).toBe('cancelled');
    tools.release();
    expect((await wait(next.body.id)).output.text).toContain('lookup_word got ape');
  });
});

describe('stopping', () => {
  it('[R23] cancel stops a tool call at once, closes it, and the next message works', async () => {
    tools.hold();
    const before = tools.calls('append_note');
    const { conversationId, run } = await startRun(server, token, { input: NOTE, agent: 'clerk' });
    await until('the tool runs', () => tools.calls('append_note') > before);
    const answer = await server.call('POST', `/api/v1/runs/${run.id}/cancel`, { token });
    expect([answer.status, answer.body.status]).toEqual([202, 'cancelling']);
    expect((await wait(run.id)).status).toBe('cancelled');
    const events = await readEvents(`${server.url}/api/v1/runs/${run.id}/events`, { token });
    expect(events.at(-1)?.type).toBe('run.cancelled');
    expect(events.filter((event) => event.type === 'tool_call.failed')).toHaveLength(1);
    const open = await server.sql(`select 1 from run_steps where run_id = $1 and status = 'started'`, [
      run.id,
    ]);
    expect(open).toEqual([]);
    tools.release();
    const next = await server.call('POST', `/api/v1/conversations/${conversationId}/runs`, {
      token,
      body: { input: LOOK_UP, agent: 'librarian' },
    });
    expect((await wait(next.body.id)).status).toBe('completed');
    expect((await server.call('POST', `/api/v1/runs/${run.id}/cancel`, { token })).status).toBe(202);
    const late = await server.call('POST', `/api/v1/runs/${next.body.id}/cancel`, { token });
    expect([late.status, late.body.code]).toEqual([409, 'run_not_cancellable']);
  });

  it('a run that waits is cancelled without a worker', async () => {
    tools.hold();
    const { conversationId, run } = await startRun(server, token, { input: LOOK_UP, agent: 'librarian' });
    const next = await server.call('POST', `/api/v1/conversations/${conversationId}/runs`, {
      token,
      body: { input: LOOK_UP, agent: 'librarian' },
    });
    const answer = await server.call('POST', `/api/v1/runs/${next.body.id}/cancel`, { token });
    expect(answer.body.status).toBe('cancelled');
    tools.release();
    expect((await wait(run.id)).status).toBe('completed');
  });

  it('a limit ends the run with its own code', async () => {
    tools.hold();
    const limited = async (limits: object) => {
      const { run } = await startRun(server, token, { input: LOOK_UP, agent: 'librarian', limits });
      return (await wait(run.id)).error?.code;
    };
    expect(await limited({ timeoutMs: 300 })).toBe('run_timeout');
    tools.release();
    expect(await limited({ maxToolCalls: 0 })).toBe('run_tool_call_limit');
    expect(await limited({ maxSteps: 1 })).toBe('run_step_limit');
    expect(await limited({ maxTokens: 1 })).toBe('run_token_limit');
  });

  it('a run has no more rights than the key that made it', async () => {
    const access = (roles: string[]) =>
      server.call('PATCH', '/api/v1/tools/append_note', { token, body: { access: { roles } } });
    expect((await access(['admin'])).status).toBe(200);
    const scopes = ['conversations', 'runs', 'tools:call'];
    const key = await server.call('POST', '/api/v1/api-keys', { token, body: { name: 'narrow', scopes } });
    const before = tools.calls('append_note');
    const narrow = await startRun(server, key.body.key, { input: NOTE, agent: 'clerk' });
    expect(await wait(narrow.run.id)).toMatchObject({ status: 'completed', usage: { toolCalls: 0 } });
    expect(tools.calls('append_note')).toBe(before);
    const wide = await startRun(server, token, { input: NOTE, agent: 'clerk' });
    expect(await wait(wide.run.id)).toMatchObject({ status: 'completed', usage: { toolCalls: 1 } });
    await access([]);
  });

  it('a disabled account runs nothing', async () => {
    tools.hold();
    const { conversationId, run } = await startRun(server, token, { input: LOOK_UP, agent: 'librarian' });
    const next = await server.call('POST', `/api/v1/conversations/${conversationId}/runs`, {
      token,
      body: { input: LOOK_UP, agent: 'librarian' },
    });
    await until('the first runs', async () => (await statusOf(run.id)) === 'running');
    await server.sql('update users set disabled_at = now()');
    tools.release();
    const state = () => server.sql<{ error: object }>('select error from runs where id = $1', [next.body.id]);
    await until('it failed', async () => (await state())[0]?.error !== null);
    await server.sql('update users set disabled_at = null');
    expect((await wait(next.body.id)).error.code).toBe('user_disabled');
  });
});
