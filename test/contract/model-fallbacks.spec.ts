import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { HumanMessage } from '@langchain/core/messages';
import { AnthropicProvider } from '../../src/agents/models/anthropic.provider.js';
import { type Candidate } from '../../src/agents/models/candidate.js';
import { ModelBreakers } from '../../src/agents/models/model-breakers.js';
import { OpenAiProvider } from '../../src/agents/models/openai.provider.js';
import { PATIENCE, ResilientModel } from '../../src/agents/models/resilient.model.js';
import { startAnthropicServer } from '../fakes/anthropic-server.js';
import { type LlmServer, type Script } from '../fakes/llm-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';

const QUICK = { ...PATIENCE, backoffMs: 5 };
const OK: Script = { kind: 'reply', text: 'All is well.' };
const failure = (status: number): Script => ({ kind: 'error', status });
const plainFetch = () => globalThis.fetch;

let openai: LlmServer;
let anthropic: LlmServer;
beforeAll(async () => {
  openai = await startOpenAiServer();
  anthropic = await startAnthropicServer();
});
afterAll(async () => {
  await openai?.close();
  await anthropic?.close();
});

async function ofOpenAi(): Promise<Candidate> {
  const provider = new OpenAiProvider({ OPENAI_BASE_URL: openai.url }, plainFetch);
  return { id: 'openai:fake-1', model: await provider.open('fake-1') };
}
async function ofAnthropic(): Promise<Candidate> {
  const env = { ANTHROPIC_BASE_URL: anthropic.url, ANTHROPIC_API_KEY: 'k' };
  return { id: 'anthropic:fake-1', model: await new AnthropicProvider(env, plainFetch).open('fake-1') };
}

describe('fallbacks', () => {
  it('[R15] the next model answers when the first one does not, and says that it did', async () => {
    openai.play(failure(500));
    anthropic.play(OK);
    const model = new ResilientModel([await ofOpenAi(), await ofAnthropic()], new ModelBreakers(), QUICK);
    const message = await model.invoke([new HumanMessage('hi')]);
    expect(message.text).toBe('All is well.');
    expect(message.response_metadata['model_id']).toBe('anthropic:fake-1');
  });

  it('do not answer after half an answer was given out', async () => {
    openai.play({ kind: 'reply', text: 'One two', fault: { kind: 'cut', at: 'end' } });
    anthropic.play(OK);
    const before = anthropic.requests.length;
    const model = new ResilientModel([await ofOpenAi(), await ofAnthropic()], new ModelBreakers(), QUICK);
    await expect(model.invoke([new HumanMessage('hi')])).rejects.toMatchObject({ code: 'model_unavailable' });
    expect(anthropic.requests.length).toBe(before);
  });
});

describe('a model that keeps failing', () => {
  const now = Date.now;
  const later = (ms: number) => jest.spyOn(Date, 'now').mockImplementation(() => now() + ms);
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('[R15] [R36] is left alone after half of twenty calls failed, then probed by one', async () => {
    const breakers = new ModelBreakers();

    const model = new ResilientModel([await ofOpenAi()], breakers, { ...QUICK, tries: 1 });
    const ask = () =>
      model.invoke([new HumanMessage('hi')]).then(
        ({ text }) => text,
        ({ code }) => String(code),
      );
    openai.play(failure(529));
    const before = openai.requests.length;
    for (let call = 0; call < 20; call += 1) expect(await ask()).toBe('model_unavailable');
    expect(openai.requests.length - before).toBe(20);
    for (let call = 0; call < 50; call += 1) expect(await ask()).toBe('model_unavailable');
    expect(openai.requests.length - before).toBe(20);
    later(31_000);
    // Half open: one probe decides for all.
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(Array(3).fill('model_unavailable'));
    expect(openai.requests.length - before).toBe(21);
    later(62_000);
    openai.play(OK);
    expect(await Promise.all([ask(), ask()])).toEqual(['All is well.', 'All is well.']);
  });

  it('[R36] a fallback answers at once while the first model is left alone', async () => {
    const breakers = new ModelBreakers();

    openai.play(failure(500));
    anthropic.play(OK);
    const candidates = [await ofOpenAi(), await ofAnthropic()];
    const model = new ResilientModel(candidates, breakers, QUICK);
    for (let call = 0; call < 7; call += 1) await model.invoke([new HumanMessage('hi')]);
    const before = openai.requests.length;
    const { text } = await model.invoke([new HumanMessage('hi')]);
    expect([text, openai.requests.length - before]).toEqual(['All is well.', 0]);
  });

  it('refusals and limits of the rate do not count', async () => {
    const breakers = new ModelBreakers();
    const model = new ResilientModel([await ofOpenAi()], breakers, { ...QUICK, tries: 1 });
    openai.play(...[400, 429, 401].flatMap((status) => Array(8).fill(failure(status))), OK);
    for (let call = 0; call < 24; call += 1)
      await model.invoke([new HumanMessage('hi')]).catch(() => undefined);
    expect((await model.invoke([new HumanMessage('hi')])).text).toBe('All is well.');
  });
});
