import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { calls, mindOf, say, worker } from '../fakes/agent-mind.js';
import { type Asked, type LlmServer, type Mind } from '../fakes/llm-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';
import { TracedTools } from '../support/run-tools.js';
import { readEvents, startRun } from '../support/runs.js';
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

const folder = makeFolder('patterns');
const tools = new TracedTools(folder);
const NOTE = 'append_note got milk';
const WORD = 'lookup_word got zebra';
/** `clerk` writes, which must never happen twice; `librarian`, two levels down, is where the server dies. */
const AGENTS = [
  { name: 'clerk', tools: ['append_note'] },
  { name: 'librarian', tools: ['lookup_word'] },
  { name: 'scribe', tools: ['lookup_word'], memory: { window: 1, summarise: true } },
  { name: 'lead', subAgents: ['librarian'], pattern: 'supervisor' },
  { name: 'boss', subAgents: ['clerk', 'lead'], pattern: 'supervisor' },
  { name: 'desk', subAgents: ['boss'], pattern: 'handoff' },
  { name: 'line', subAgents: ['clerk', 'lead'], pattern: 'sequential' },
  { name: 'panel', subAgents: ['clerk', 'lead'], pattern: 'parallel' },
];
const characters = mindOf({
  scribe: ({ question, results }) =>
    question.startsWith('Find') && results.length === 0
      ? calls(['lookup_word', { text: 'zebra' }])
      : say(`scribe says: ${results.join()}`),
  clerk: worker('clerk', ['append_note', { text: 'milk' }]),
  librarian: worker('librarian', ['lookup_word', { text: 'zebra' }]),
  lead: worker('lead', ['ask_librarian', { task: 'Look it up' }]),
  boss: ({ question, results }) => {
    if (question === 'Who are you?') return say('Still the boss.');
    if (results.length > 0) return say(`boss says: ${results.join(' and ')}`);
    return calls(['ask_clerk', { task: 'Note milk' }], ['ask_lead', { task: 'Find the word' }]);
  },
  desk: () => calls(['handoff_to_boss', { task: 'It needs a note and a word' }]),
  panel: worker('panel'),
});
const isSummary = ({ system }: Asked) => system.startsWith('You keep the record');
const MIND: Mind = (asked) => (isSummary(asked) ? say('They said hello.') : characters(asked));

let llm: LlmServer;
let environment: Record<string, string>;
let server: ServerProcess;
let call: TestApp['call'];
let token: string;

async function start(): Promise<void> {
  server = await startServer(environment);
  call = patientCaller(server.url);
  token = (await call('POST', '/api/v1/auth/login', { body: ADMIN })).body.accessToken;
}

beforeAll(async () => {
  buildOnce();
  llm = await startOpenAiServer();
  llm.think(MIND);
  environment = {
    ...testEnvironment(await makeDatabase(), folder),
    EXTENSIONS_DIR: tools.extensions,
    LLM_MODEL: 'openai:fake-1',
    OPENAI_BASE_URL: llm.url,
    OPENAI_API_KEY: 'sk-test',
    LOG_LEVEL: 'warn',
  };
  await start();
  for (const agent of AGENTS) {
    const body = { title: agent.name, description: agent.name, instructions: 'You are {{agent}}.', ...agent };
    expect((await call('POST', '/api/v1/agents', { token, body })).status).toBe(201);
  }
}, 180_000);
afterEach(() => tools.release());
afterAll(async () => {
  await server?.stop();
  await llm?.close();
  cleanUp();
});

interface Step {
  readonly path: string;
  readonly kind: string;
  readonly name: string;
  readonly status: string;
}

const stepsOf = async (id: string): Promise<Step[]> =>
  (await call('GET', `/api/v1/runs/${id}/steps?limit=100`, { token })).body.items;

/** Kills the server inside the librarian's tool, when all else that runs beside it is done, and lets it start again. */
async function runThroughCrash(agent: string) {
  const before = {
    model: llm.requests.length,
    note: tools.calls('append_note'),
    word: tools.calls('lookup_word'),
  };
  tools.hold('lookup_word');
  const { conversationId, run } = await startRun({ call }, token, { input: 'A note and a word', agent });
  await until('the word is looked up', () => tools.calls('lookup_word') > before.word, 30_000);
  // Not one of its steps, but the answer that it gave: then all that was begun beside the librarian has ended.
  const isAnswer = ({ kind, name, status }: Step) =>
    kind === 'agent' && name === 'clerk' && status === 'completed';
  await until('the clerk has answered', async () => (await stepsOf(run.id)).some(isAnswer), 30_000);
  await until('no model is asked', () => llm.open() === 0, 30_000);
  const completed = (await stepsOf(run.id)).filter(({ status }) => status === 'completed');
  await server.stop('SIGKILL');
  tools.release();
  await start();
  const done = (await call('GET', `/api/v1/runs/${run.id}/wait?timeoutMs=40000`, { token })).body;
  const steps = await stepsOf(run.id);
  const events = await readEvents(`${server.url}/api/v1/runs/${run.id}/events`, { token });
  return {
    ...{ conversationId, done, steps, events, completed },
    modelCalls: llm.requests.length - before.model,
    notes: tools.calls('append_note') - before.note,
    words: tools.calls('lookup_word') - before.word,
  };
}

describe('[R25] a run of nested agents whose server is killed two levels down', () => {
  it.each([
    ['supervisor', 'boss', 'boss', `boss says: clerk says: ${NOTE} and lead says: librarian says: ${WORD}`],
    ['handoff', 'desk', 'boss', `boss says: clerk says: ${NOTE} and lead says: librarian says: ${WORD}`],
    ['sequential', 'line', 'line', `lead says: librarian says: ${WORD}`],
    ['parallel', 'panel', 'panel', `panel says: clerk says: ${NOTE} and lead says: librarian says: ${WORD}`],
  ])('%s goes on without repeating a journaled call', async (_pattern, agent, answers, text) => {
    const { conversationId, done, steps, events, completed, ...count } = await runThroughCrash(agent);
    expect(done).toMatchObject({ status: 'completed', output: { text } });
    // Every model was asked once for each step; only the tool call that was cut off, a reading one, was made again.
    expect(count).toEqual({ modelCalls: done.usage.modelCalls, notes: 1, words: 2 });
    expect(completed.length).toBeGreaterThanOrEqual(4);
    const after = new Map(steps.map((step) => [step.path, step]));
    for (const step of completed) expect(after.get(step.path)).toEqual(step);
    expect(steps.every(({ status }) => status === 'completed')).toBe(true);
    expect(events.map((event) => event.id)).toEqual(events.map((_event, index) => index + 1));
    expect(events.filter(({ type }) => type === 'run.started')).toHaveLength(1);
    const messages = (await call('GET', `/api/v1/conversations/${conversationId}/messages`, { token })).body;
    expect(messages.items.at(-1)).toMatchObject({ role: 'assistant', agent: answers });
  });

  it('a conversation that was handed over before the crash stays with its agent', async () => {
    const { conversationId, events } = await runThroughCrash('desk');
    expect(events.filter(({ type }) => type === 'agent.handoff')).toHaveLength(1);
    const body = { input: 'Who are you?', agent: 'desk' };
    const next = await call('POST', `/api/v1/conversations/${conversationId}/runs`, { token, body });
    const done = (await call('GET', `/api/v1/runs/${next.body.id}/wait`, { token })).body;
    expect(done.output.text).toBe('Still the boss.');
    expect(done.usage.modelCalls).toBe(1);
  });

  it('a summary of the conversation is made once, and counted', async () => {
    const { conversationId, run } = await startRun({ call }, token, { input: 'Hello', agent: 'scribe' });
    await call('GET', `/api/v1/runs/${run.id}/wait`, { token });
    tools.hold('lookup_word');
    const before = { words: tools.calls('lookup_word'), model: llm.requests.length };
    const body = { input: 'Find the word', agent: 'scribe' };
    const next = await call('POST', `/api/v1/conversations/${conversationId}/runs`, { token, body });
    await until('the word is looked up', () => tools.calls('lookup_word') > before.words, 30_000);
    await server.stop('SIGKILL');
    tools.release();
    await start();
    const done = (await call('GET', `/api/v1/runs/${next.body.id}/wait?timeoutMs=40000`, { token })).body;
    expect(done.output.text).toBe(`scribe says: ${WORD}`);
    expect(llm.asked().filter(isSummary)).toHaveLength(1);
    expect(llm.requests.length - before.model).toBe(done.usage.modelCalls);
  });
});
