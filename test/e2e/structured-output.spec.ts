import { beforeAll, describe, expect, it } from '@jest/globals';
import { say } from '../fakes/agent-mind.js';
import { AgentStage } from '../support/agent-stage.js';

const stage = new AgentStage();
const { call, make, run } = stage;

describe('structured output', () => {
  const schema = {
    type: 'object',
    properties: { city: { type: 'string' }, people: { type: 'integer', minimum: 0 } },
    required: ['city', 'people'],
    additionalProperties: false,
  };
  beforeAll(() => make('census', { outputSchema: schema }));

  it('is the answer as JSON that fits the schema, given to the model and checked', async () => {
    stage.characters = { census: () => say('```json\n{"city":"Oslo","people":7}\n```') };
    const { run: done } = await run('census');
    expect(done.output.structured).toEqual({ city: 'Oslo', people: 7 });
    expect(stage.llm.asked().at(-1)?.system).toContain('fits this JSON Schema');
  });

  it('is mended once by the model that wrote it', async () => {
    stage.characters = {
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
    const before = stage.llm.requests.length;
    let refusals = 0;
    stage.llm.think(() => {
      if (stage.llm.requests.at(-1)?.response_format === undefined) return say('{"city":"Oslo"}');
      refusals += 1;
      return { kind: 'error', status: 400, message: 'response_format is not supported' };
    });
    for (let times = 1; times <= 2; times += 1) {
      const { run: done } = await run('picky');
      expect(done.output.structured).toEqual({ city: 'Oslo' });
      expect(done.usage).toMatchObject({ modelCalls: 1, inputTokens: 11 });
    }
    expect([stage.llm.requests.length - before, refusals]).toEqual([3, 1]);
    expect(stage.llm.requests[before]?.response_format).toMatchObject({
      json_schema: { schema: other, strict: false },
    });
  });

  it('that never fits fails the run, and the text is not shown as an answer', async () => {
    stage.characters = { census: () => say('About seven people live in Oslo.') };
    const { run: done } = await run('census');
    expect(done).toMatchObject({ status: 'failed', error: { code: 'invalid_agent_output' } });
    expect(done.usage.modelCalls).toBe(2);
  });

  it('can be asked for by a run, and a bad schema is refused at once', async () => {
    await make('plain');
    stage.characters = { plain: () => say('{"ok":true}') };
    const output = { schema: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] } };
    expect((await run('plain', { output })).run.output.structured).toEqual({ ok: true });
    const bad = { input: 'Hi', agent: 'plain', output: { schema: { type: 'object', properties: 7 } } };
    const refused = await call('POST', '/api/v1/runs', bad);
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
