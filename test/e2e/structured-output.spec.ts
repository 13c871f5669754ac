import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Character, mindOf, say } from '../fakes/agent-mind.js';
import { type LlmServer } from '../fakes/llm-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';
import { readEvents, startRun } from '../support/runs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let llm: LlmServer;
let server: TestApp;
let token: string;
beforeAll(async () => {
  llm = await startOpenAiServer();
  server = await startTestApp({
    LLM_MODEL: 'openai:fake-1',
    OPENAI_BASE_URL: llm.url,
    OPENAI_API_KEY: 'sk-test',
  });
  token = await server.login();
});
afterAll(async () => {
  await server?.stop();
  await llm?.close();
});

let characters: Record<string, Character>;
beforeEach(() => {
  characters = {};
  llm.think((asked) => mindOf(characters)(asked));
});

const make = async (name: string, more: object = {}, by = token) => {
  const body = { name, description: `Does ${name}.`, instructions: 'You are {{agent}}.', ...more };
  const answer = await server.call('POST', '/api/v1/agents', { token: by, body });
  expect([answer.status, answer.body.errors]).toEqual([201, undefined]);
};
async function finish(runId: string, conversationId = '', by = token) {
  const run = (await server.call('GET', `/api/v1/runs/${runId}/wait?timeoutMs=20000`, { token: by })).body;
  const events = await readEvents(`${server.url}/api/v1/runs/${runId}/events`, { token: by });
  const asked = llm.asked();
  return { run, events, conversationId, asked };
}
async function run(agent: string, body: object = {}, by = token) {
  const made = await startRun(server, by, { input: 'Do it', agent, ...body });
  return finish(made.run.id, made.conversationId, by);
}

describe('structured output', () => {
  const schema = {
    type: 'object',
    properties: { city: { type: 'string' }, people: { type: 'integer', minimum: 0 } },
    required: ['city', 'people'],
    additionalProperties: false,
  };
  beforeAll(() => make('census', { outputSchema: schema }));

  it('is the answer as JSON that fits the schema, given to the model and checked', async () => {
    characters = { census: () => say('```json\n{"city":"Oslo","people":7}\n```') };
    const { run: done } = await run('census');
    expect(done.output.structured).toEqual({ city: 'Oslo', people: 7 });
    expect(llm.asked().at(-1)?.system).toContain('fits this JSON Schema');
  });

  it('is mended once by the model that wrote it', async () => {
    characters = {
      census: ({ question }) =>
        say(question.includes('does not fit') ? '{"city":"Oslo","people":7}' : '{"city":"Oslo","people":-1}'),
    };
    const { run: done, events } = await run('census');
    expect(done.output.structured).toEqual({ city: 'Oslo', people: 7 });
    expect(done.usage.modelCalls).toBe(2);
    expect(events.filter(({ type }) => type === 'message.reset')).toHaveLength(1);
  });

  it('is asked of the provider too, and in words alone where it refuses that: once, then remembered', async () => {
    const other = { ...schema, required: ['city'] };
    await make('picky', { outputSchema: other });
    const before = llm.requests.length;
    let refusals = 0;
    llm.think(() => {
      if (llm.requests.at(-1)?.response_format === undefined) return say('{"city":"Oslo"}');
      refusals += 1;
      return { kind: 'error', status: 400, message: 'response_format is not supported' };
    });
    for (let times = 1; times <= 2; times += 1) {
      const { run: done } = await run('picky');
      expect(done.output.structured).toEqual({ city: 'Oslo' });
      expect(done.usage).toMatchObject({ modelCalls: 1, inputTokens: 11 });
    }
    expect([llm.requests.length - before, refusals]).toEqual([3, 1]);
    expect(llm.requests[before]?.response_format).toMatchObject({
      json_schema: { schema: other, strict: false },
    });
  });

  it('that never fits fails the run, and the text is not shown as an answer', async () => {
    characters = { census: () => say('About seven people live in Oslo.') };
    const { run: done } = await run('census');
    expect(done).toMatchObject({ status: 'failed', error: { code: 'invalid_agent_output' } });
    expect(done.usage.modelCalls).toBe(2);
  });

  it('can be asked for by a run, and a bad schema is refused at once', async () => {
    await make('plain');
    characters = { plain: () => say('{"ok":true}') };
    const output = { schema: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] } };
    expect((await run('plain', { output })).run.output.structured).toEqual({ ok: true });
    const bad = { input: 'Hi', agent: 'plain', output: { schema: { type: 'object', properties: 7 } } };
    const refused = await server.call('POST', '/api/v1/runs', { token, body: bad });
    expect([refused.status, refused.body.errors[0].field]).toEqual([400, 'output.schema']);
  });

  it('is more than the planner can do, and it says so; one text it can give', async () => {
    await make('ruled', { model: 'builtin:planner', tools: ['calculator'], outputSchema: schema });
    const { run: done } = await run('ruled', { input: 'What is 2 + 3?' });
    expect(done.error).toMatchObject({ code: 'invalid_agent_output' });
    expect(done.error.message).toContain('rule-based planner');
    const output = {
      schema: { type: 'object', properties: { answer: { type: 'string' } }, required: ['answer'] },
    };
    const simple = await run('ruled', { input: 'What is 2 + 3?', output });
    expect(simple.run.output.structured.answer).toContain('5');
  });
});
