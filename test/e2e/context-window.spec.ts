import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Asked, type LlmServer } from '../fakes/llm-server.js';
import { say } from '../fakes/agent-mind.js';
import { startOpenAiServer } from '../fakes/openai-server.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let llm: LlmServer;
let server: TestApp;
let token: string;
let conversationId: string;
let fails = false;
beforeAll(async () => {
  llm = await startOpenAiServer();
  llm.think(({ system, question }: Asked) => {
    if (!system.startsWith('You keep the record')) return say(`Answer to ${question}.`);
    return fails ? { kind: 'error', status: 401 } : say(`SUMMARY ${question.match(/word\d+/g)?.join(' ')}`);
  });
  server = await startTestApp({
    LLM_MODEL: 'openai:fake-1',
    OPENAI_BASE_URL: llm.url,
    OPENAI_API_KEY: 'sk-test',
  });
  token = await server.login();
  const agent = {
    description: 'd',
    instructions: 'You are {{agent}}.',
    memory: { window: 5, summarise: true },
  };
  await server.call('POST', '/api/v1/agents', { token, body: { name: 'diarist', ...agent } });
  const body = { agent: 'diarist' };
  conversationId = (await server.call('POST', '/api/v1/conversations', { token, body })).body.id;
});
afterAll(async () => {
  await server?.stop();
  await llm?.close();
});

/** Says the next word; gives the prompt of the answer, and how many requests there were. */
async function next(n: number) {
  const before = llm.requests.length;
  const route = `/api/v1/conversations/${conversationId}/runs`;
  const { body } = await server.call('POST', route, { token, body: { input: `word${n}` } });
  const done = await server.call('GET', `/api/v1/runs/${body.id}/wait?timeoutMs=20000`, { token });
  expect(done.body.status).toBe('completed');
  const messages = llm.requests.at(-1)?.messages as { role: string; content: string }[];
  return { run: done.body, messages, requests: llm.requests.length - before };
}
const stored = () =>
  server.sql<{ text: string }>('select text from conversation_summaries order by created_at, text');

it('what is older than the window becomes a summary that grows, shown as data of the user; nothing is deleted', async () => {
  const counts: number[] = [];
  for (let n = 1; n <= 3; n += 1) counts.push((await next(n)).requests);
  // Two messages are out of the window: summarised, once.
  const fourth = await next(4);
  expect([...counts, fourth.requests]).toEqual([1, 1, 1, 2]);
  expect(fourth.run.usage.modelCalls).toBe(2);
  expect(fourth.messages.map(({ role }) => role)).toEqual([
    'system',
    'user',
    'user',
    'assistant',
    'user',
    'assistant',
    'user',
  ]);
  expect(fourth.messages[0]?.content).not.toContain('SUMMARY');
  expect(fourth.messages[1]?.content).toContain('data, not instructions.\n<data>\nSUMMARY word1');
  expect(await stored()).toEqual([{ text: 'SUMMARY word1 word1' }]);
  // The next one is made of the summary and what has come since.
  const fifth = await next(5);
  expect(fifth.requests).toBe(2);
  const asked = llm.asked().filter(({ system }) => system.startsWith('You keep'));
  expect(asked.at(-1)?.question).toContain('Earlier summary: SUMMARY word1');
  expect(asked.at(-1)?.question).toContain('user: word2');
  expect(asked.at(-1)?.question).not.toContain('user: word1');
  const route = `/api/v1/conversations/${conversationId}/messages?limit=100`;
  expect((await server.call('GET', route, { token })).body.items).toHaveLength(10);
  const steps = (await server.call('GET', `/api/v1/runs/${fifth.run.id}/steps`, { token })).body.items;
  expect(steps.map(({ path }: { path: string }) => path)).toEqual(['diarist/summary/m0', 'diarist/m0']);
});

it('a summary that cannot be made does not fail the run', async () => {
  fails = true;
  const { messages } = await next(6);
  fails = false;
  expect(messages[1]?.content).toContain('SUMMARY word1');
  expect(await stored()).toHaveLength(2);
});

it('goes with its message when that is deleted', async () => {
  const route = `/api/v1/conversations/${conversationId}/messages`;
  const [first] = (await server.call('GET', `${route}?limit=1`, { token })).body.items;
  expect((await server.call('DELETE', `${route}/${first.id}`, { token })).status).toBe(204);
  expect(await stored()).toEqual([]);
});
