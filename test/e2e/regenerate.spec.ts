import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type LlmServer } from '../fakes/llm-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';
import { readEvents, warmUp } from '../support/runs.js';
import { until } from '../support/server-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let llm: LlmServer;
let server: TestApp;
let token: string;
let answers = 0;
/** Keeps the model from answering until it resolves. */
let gate: Promise<void> | undefined;
beforeAll(async () => {
  await warmUp();
  llm = await startOpenAiServer();
  llm.think(async ({ question }) => {
    answers += 1;
    const text = `${question} -> ${answers}`;
    await gate;
    return { kind: 'reply', text };
  });
  server = await startTestApp({
    LLM_MODEL: 'openai:fake-1',
    OPENAI_BASE_URL: llm.url,
    OPENAI_API_KEY: 'sk-test',
  });
  token = await server.login();
  for (const name of ['plain', 'other'])
    await server.call('POST', '/api/v1/agents', {
      token,
      body: { name, description: name, instructions: `You are ${name}.`, tools: [] },
    });
});
afterAll(async () => {
  await server?.stop();
  await llm?.close();
});

interface Message {
  readonly id: string;
  readonly parentId: string | null;
  readonly role: string;
  readonly agent?: string;
  readonly content: readonly [{ readonly text: string }];
}

const wait = async (id: string) =>
  (await server.call('GET', `/api/v1/runs/${id}/wait?timeoutMs=20000`, { token })).body;
const talk = async () =>
  (await server.call('POST', '/api/v1/conversations', { token, body: { agent: 'plain' } })).body.id as string;
const start = (id: string, input: string) =>
  server.call('POST', `/api/v1/conversations/${id}/runs`, { token, body: { input } });
async function ask(id: string, input: string): Promise<void> {
  expect((await wait((await start(id, input)).body.id)).status).toBe('completed');
}
async function messages(id: string, branch = 'active'): Promise<Message[]> {
  const route = `/api/v1/conversations/${id}/messages?limit=100&branch=${branch}`;
  return (await server.call('GET', route, { token })).body.items;
}
const texts = (list: readonly Message[]) => list.map(({ content }) => content[0].text);
const regenerate = (id: string, message: string, body?: object, headers: Record<string, string> = {}) =>
  server.call('POST', `/api/v1/conversations/${id}/messages/${message}/regenerate`, {
    ...{ token, headers },
    ...(body !== undefined && { body }),
  });
/** What the model was last shown, without its instructions. */
function shown(): string[] {
  const { messages: all } = llm.requests.at(-1) as { messages: { role: string; content: unknown }[] };
  return all.filter(({ role }) => role !== 'system').map(({ content }) => String(content));
}

describe('regenerate', () => {
  it('puts another answer beside the last one, which becomes the active branch', async () => {
    const id = await talk();
    await ask(id, 'One?');
    const [question, first] = await messages(id);
    const run = await regenerate(id, first?.id ?? '');
    expect([run.status, run.headers.get('location')]).toEqual([202, `/api/v1/runs/${run.body.id}`]);
    expect(run.body).toMatchObject({ agent: 'plain', conversationId: id, retryOf: expect.any(String) });
    expect((await wait(run.body.id)).status).toBe('completed');
    expect(shown()).toEqual(['One?']);
    const now = await messages(id);
    expect(now).toHaveLength(2);
    expect(now[1]).toMatchObject({ parentId: question?.id, role: 'assistant', agent: 'plain' });
    expect(now[1]?.id).not.toBe(first?.id);
    expect(texts(await messages(id, 'all'))).toEqual([
      'One?',
      ...texts([first as Message, now[1] as Message]),
    ]);
    // And once more, beside both.
    await wait((await regenerate(id, now[1]?.id ?? '')).body.id);
    expect((await messages(id, 'all')).filter(({ parentId }) => parentId === question?.id)).toHaveLength(3);
    // The next question follows the newest.
    await ask(id, 'Two?');
    expect((await messages(id)).map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
  });

  it('of an earlier message knows nothing of what came after it', async () => {
    const id = await talk();
    for (const question of ['One?', 'Two?', 'Three?']) await ask(id, question);
    const before = await messages(id);
    await wait((await regenerate(id, before[3]?.id ?? '')).body.id);
    expect(shown()).toEqual([...texts(before.slice(0, 2)), 'Two?']);
    const after = await messages(id);
    expect(texts(after.slice(0, 3))).toEqual(texts(before.slice(0, 3)));
    expect(after).toHaveLength(4);
    expect(after[3]?.parentId).toBe(before[2]?.id);
    expect(await messages(id, 'all')).toHaveLength(7);
  });

  it('of a question answers it', async () => {
    const id = await talk();
    const route = `/api/v1/conversations/${id}/messages`;
    const { body } = await server.call('POST', route, { token, body: { content: 'Alone?' } });
    await wait((await regenerate(id, body.id, { agent: 'other' })).body.id);
    const [, answer] = await messages(id);
    expect(answer).toMatchObject({ parentId: body.id, agent: 'other' });
    expect(shown()).toEqual(['Alone?']);
  });

  it('answers its own question, also when several were asked before the first answer', async () => {
    const id = await talk();
    let open = () => {};
    gate = new Promise((resolve) => (open = resolve));
    const runs = [await start(id, 'First?'), await start(id, 'Second?')].map(({ body }) => body.id as string);
    open();
    gate = undefined;
    for (const run of runs) await wait(run);
    const list = await messages(id);
    expect(list.map(({ role }) => role)).toEqual(['user', 'user', 'assistant', 'assistant']);
    await wait((await regenerate(id, list[2]?.id ?? '')).body.id);
    expect(shown()).toEqual(['First?']);
    const again = (await messages(id)).at(-1);
    expect(again?.parentId).toBe(list[1]?.id);
    await wait((await regenerate(id, again?.id ?? '')).body.id);
    expect(shown()).toEqual(['First?']);
    await wait((await regenerate(id, list[3]?.id ?? '')).body.id);
    expect(shown()).toEqual(['First?', ...texts(list.slice(2, 3)), 'Second?']);
  });

  it('keeps the rules of a conversation: it waits its turn, is refused, or takes the turn', async () => {
    const id = await talk();
    await ask(id, 'One?');
    const answer = (await messages(id))[1]?.id ?? '';
    let open = () => {};
    gate = new Promise((resolve) => (open = resolve));
    const running = (await start(id, 'Slow?')).body.id;
    await until('it runs', async () => {
      const { body } = await server.call('GET', `/api/v1/runs/${running}`, { token });
      return body.status === 'running';
    });
    const refused = await regenerate(id, answer, { concurrency: 'reject' });
    expect([refused.status, refused.body.code]).toEqual([409, 'run_in_progress']);
    const waiting = await regenerate(id, answer);
    expect([waiting.status, waiting.body.status]).toEqual([202, 'queued']);
    const first = await regenerate(id, answer, { concurrency: 'interrupt' });
    open();
    gate = undefined;
    expect((await wait(running)).status).toBe('cancelled');
    expect((await wait(waiting.body.id)).status).toBe('cancelled');
    expect((await wait(first.body.id)).status).toBe('completed');
    expect((await messages(id)).at(-1)?.parentId).toBe((await messages(id))[0]?.id);
  });

  it('[R28] the same Idempotency-Key 20 times at once: one run, one answer', async () => {
    const id = await talk();
    await ask(id, 'One?');
    const answer = (await messages(id))[1]?.id ?? '';
    const key = { 'idempotency-key': randomUUID() };
    const all = await Promise.all(Array.from({ length: 20 }, () => regenerate(id, answer, undefined, key)));
    const ids = new Set(all.filter(({ status }) => status === 202).map(({ body }) => body.id));
    expect(ids.size).toBe(1);
    await wait([...ids][0]);
    expect((await messages(id, 'all')).filter(({ role }) => role === 'assistant')).toHaveLength(2);
    const other = await regenerate(id, answer, { agent: 'other' }, key);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
  });

  it('streams, like any run', async () => {
    const id = await talk();
    await ask(id, 'One?');
    const answer = (await messages(id))[1]?.id ?? '';
    const url = `${server.url}/api/v1/conversations/${id}/messages/${answer}/regenerate`;
    const events = await readEvents(url, { token, init: { method: 'POST' } });
    expect(events.at(-1)?.type).toBe('run.completed');
  });

  it('refuses what is no answer and no question, and a body with an input', async () => {
    const id = await talk();
    await ask(id, 'One?');
    const answer = (await messages(id))[1]?.id ?? '';
    await server.sql(`update messages set role = 'system' where id = $1`, [answer]);
    const refused = await regenerate(id, answer);
    expect([refused.status, refused.body.code]).toEqual([409, 'message_not_answerable']);
    expect((await regenerate(id, answer, { input: 'x' })).body.code).toBe('invalid_request');
    expect((await regenerate(id, randomUUID())).body.code).toBe('message_not_found');
  });

  it('an answer whose place was deleted meanwhile goes where any other answer goes', async () => {
    const id = await talk();
    await ask(id, 'One?');
    await ask(id, 'Two?');
    const list = await messages(id);
    let open = () => {};
    gate = new Promise((resolve) => (open = resolve));
    const before = answers;
    const run = (await regenerate(id, list[3]?.id ?? '')).body.id;
    await until('the model is asked', () => answers > before);
    await server.call('DELETE', `/api/v1/conversations/${id}/messages/${list[2]?.id}`, { token });
    open();
    gate = undefined;
    expect((await wait(run)).status).toBe('completed');
    expect((await messages(id)).at(-1)?.parentId).toBe(list[1]?.id);
  });
});
