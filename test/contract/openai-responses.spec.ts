import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AIMessage,
  type AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
} from '@langchain/core/messages';
import { ModelBreakers } from '../../src/agents/models/model-breakers.js';
import { type ModelUse } from '../../src/agents/models/model-provider.js';
import { OpenAiProvider } from '../../src/agents/models/openai.provider.js';
import { ResilientModel } from '../../src/agents/models/resilient.model.js';
import { TokenCount } from '../../src/agents/models/token-count.js';
import { loadLangChain } from '../../src/runs/engine/langchain.js';
import { saidIn, type StoredReply, toMessage, toStored } from '../../src/runs/engine/messages.js';
import { toolCallsOf } from '../../src/runs/engine/tool-calls.js';
import { type LlmServer, type Script } from '../fakes/llm-server.js';
import { THOUGHT } from '../fakes/openai-responses.js';
import { startOpenAiServer } from '../fakes/openai-server.js';

const MODEL = 'openai:fake-1';
const CALLS = [
  { name: 'look', args: { at: 'Zürich' } },
  { name: 'sum', args: { of: [1, 2] } },
];
const TOOL = {
  type: 'function' as const,
  function: { name: 'look', description: 'Looks.', parameters: { type: 'object', properties: {} } },
};
const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const QUESTION = [new SystemMessage('Be brief.'), new HumanMessage('Oslo?')];

let server: LlmServer;
beforeAll(async () => {
  server = await startOpenAiServer();
});
afterAll(() => server?.close());

/** Asks as the engine does, by the Responses API or by chat completions. */
async function ask(script: Script, messages: BaseMessage[], use: ModelUse = {}, id = MODEL) {
  server.play(script);
  const provider = new OpenAiProvider({ OPENAI_BASE_URL: server.url }, () => globalThis.fetch);
  const model = await provider.open('fake-1', { byResponses: true, ...use });
  const resilient = new ResilientModel([{ id, model }], new ModelBreakers());
  const asked = use.withTools === true ? resilient.bindTools([TOOL]) : resilient;
  let whole: AIMessageChunk | undefined;
  for await (const chunk of await asked.stream(messages)) whole = whole?.concat(chunk) ?? chunk;
  return { message: whole as AIMessageChunk, body: server.requests.at(-1) ?? {} };
}

/** What the journal keeps of an answer, through its JSON. */
function journaled(message: AIMessageChunk, seen = new Set<string>()): StoredReply {
  const by = { model: MODEL, generatedBy: 'llm' } as const;
  return JSON.parse(JSON.stringify(toStored(saidIn(message), by, seen, 1))) as StoredReply;
}
const resultsOf = ({ toolCalls }: StoredReply) =>
  toolCalls.map(({ id, name }) => new ToolMessage({ content: `${name} is fine`, tool_call_id: id, name }));

describe('a request by the Responses API', () => {
  it('keeps nothing at the provider, and takes schemas of tools as they are', async () => {
    const { body } = await ask({ kind: 'reply', text: 'Cold.' }, QUESTION, {
      ...{ withTools: true, temperature: 0, maxOutputTokens: 500 },
    });
    expect(body).toEqual({
      ...{ model: 'fake-1', stream: true, store: false, temperature: 0, max_output_tokens: 500 },
      include: ['reasoning.encrypted_content'],
      input: [
        { type: 'message', role: 'system', content: 'Be brief.' },
        { type: 'message', role: 'user', content: 'Oslo?' },
      ],
      tools: [{ type: 'function', ...TOOL.function, strict: false }],
      text: {},
    });
  });

  it('holds the model to a schema by text.format', async () => {
    const { body } = await ask({ kind: 'reply', text: '{"city":"Oslo"}' }, QUESTION, { output: SCHEMA });
    const format = { type: 'json_schema', name: 'answer', schema: SCHEMA, strict: true };
    expect(body).toMatchObject({ text: { format } });
    expect(body).not.toHaveProperty('include');
  });

  it('asks for no thoughts where the server refuses them', async () => {
    const use = { withTools: true, withoutReasoning: true };
    expect((await ask({ kind: 'reply', text: 'Cold.' }, QUESTION, use)).body).not.toHaveProperty('include');
  });
});

describe('the conversation that the Responses API is sent', () => {
  const use = { withTools: true };
  const OK: Script = { kind: 'reply', text: 'Fine.' };
  const thoughtIn = (body: Record<string, unknown>) =>
    JSON.stringify(body).includes(THOUGHT.encrypted_content);

  it('has a thought, its calls and their results in order, also from the journal after a restart', async () => {
    const { message } = await ask({ kind: 'reply', text: 'I look.', calls: CALLS }, QUESTION, use);
    const reply = journaled(message);
    expect(reply.text).toBe('I look.');
    const messages = [...QUESTION, toMessage(await loadLangChain(), reply), ...resultsOf(reply)];
    const { body } = await ask(OK, messages, use);
    expect(body.input).toEqual([
      ...[expect.objectContaining({ role: 'system' }), expect.objectContaining({ role: 'user' })],
      THOUGHT,
      expect.objectContaining({
        ...{ type: 'message', role: 'assistant' },
        content: [expect.objectContaining({ text: 'I look.' })],
      }),
      ...CALLS.map(({ name, args }, index) =>
        expect.objectContaining({
          ...{ type: 'function_call', call_id: `call_${index}`, name },
          arguments: JSON.stringify(args),
        }),
      ),
      ...CALLS.map(({ name }, index) => ({
        ...{ type: 'function_call_output', call_id: `call_${index}` },
        output: `${name} is fine`,
      })),
    ]);
    expect(body).not.toHaveProperty('previous_response_id');
  });

  it.each<[string, () => Promise<BaseMessage[]>]>([
    [
      'whose calls were given other ids',
      async () => {
        const { message } = await ask({ kind: 'reply', calls: CALLS, sameIds: true }, QUESTION, use);
        const reply = journaled(message, new Set(['call_0']));
        return [toMessage(await loadLangChain(), reply), ...resultsOf(reply)];
      },
    ],
    [
      'that another model gave',
      async () => {
        const { message } = await ask({ kind: 'reply', calls: CALLS }, QUESTION, use);
        const reply = { ...journaled(message), model: 'openai:other' };
        return [toMessage(await loadLangChain(), reply), ...resultsOf(reply)];
      },
    ],
    [
      'one of whose calls is gone',
      async () => {
        const { message } = await ask({ kind: 'reply', calls: CALLS }, QUESTION, use);
        const reply = journaled(message);
        const less = { ...reply, toolCalls: reply.toolCalls.slice(0, 1) };
        return [toMessage(await loadLangChain(), less), ...resultsOf(less)];
      },
    ],
  ])('has no thought of an answer %s, but its calls', async (_, answer) => {
    const answered = await answer();
    const { body } = await ask(OK, [...QUESTION, ...answered], use);
    expect(thoughtIn(body)).toBe(false);
    const ids = (answered[0] as AIMessage).tool_calls?.map(({ id }) => id);
    const input = body.input as { type: string; call_id?: string }[];
    for (const type of ['function_call', 'function_call_output'])
      expect(input.flatMap((item) => (item.type === type ? [item.call_id] : []))).toEqual(ids);
  });

  it('is readable by chat completions, and the blocks of another provider are by this one', async () => {
    const { message } = await ask({ kind: 'reply', calls: CALLS }, QUESTION, use);
    const reply = journaled(message);
    const answered = [toMessage(await loadLangChain(), reply), ...resultsOf(reply)];
    const chat = await ask(OK, [...QUESTION, ...answered], { ...use, byResponses: false });
    expect(thoughtIn(chat.body)).toBe(false);
    expect((chat.body.messages as unknown[])[2]).toMatchObject({
      role: 'assistant',
      content: '',
      tool_calls: CALLS.map(({ name }, index) => ({ id: `call_${index}`, function: { name } })),
    });
    const foreign = new AIMessage({
      content: [
        { type: 'thinking', thinking: 'Hm.', signature: 'x' },
        { type: 'text', text: 'I look.' },
        { type: 'tool_use', id: 'toolu_1', name: 'look', input: {} },
      ],
      tool_calls: [{ id: 'toolu_1', name: 'look', args: {} }],
      response_metadata: { model_id: 'anthropic:fake-1' },
    });
    const { body } = await ask(OK, [...QUESTION, foreign], use);
    expect((body.input as unknown[]).slice(2)).toEqual([
      { type: 'message', role: 'assistant', content: 'I look.' },
      { type: 'function_call', name: 'look', arguments: '{}', call_id: 'toolu_1' },
    ]);
  });

  it('has what was said in earlier turns', async () => {
    const turns = [new HumanMessage('Hi'), new AIMessage('Hello.'), new HumanMessage('Oslo?')];
    const { body } = await ask(OK, turns);
    expect(body.input).toEqual([
      { type: 'message', role: 'user', content: 'Hi' },
      { type: 'message', role: 'assistant', content: 'Hello.' },
      { type: 'message', role: 'user', content: 'Oslo?' },
    ]);
  });
});

describe('what the Responses API streams', () => {
  const event = (type: string, fields: object) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: 1, ...fields })}\n\n`;
  const item = (status?: string, args = '') => ({
    ...{ type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'look', arguments: args },
    ...(status && { status }),
  });
  const added = event('response.output_item.added', { output_index: 0, item: item('in_progress') });
  const delta = (text: string) =>
    event('response.function_call_arguments.delta', { output_index: 0, item_id: 'fc_1', delta: text });
  const done = (args: string, status?: string) =>
    event('response.output_item.done', { output_index: 0, item: item(status, args) });
  const end = (status: string, more: object = {}) =>
    event(`response.${status}`, { response: { id: 'r', status, output: [], ...more } });
  const COMPLETED = end('completed');
  const WHOLE = { id: 'call_1', name: 'look', arguments: { at: 'Bern' } };
  const JSON_TEXT = '{"at":"Bern"}';
  const raw = async (...frames: string[]) => (await ask({ kind: 'raw', frames }, QUESTION)).message;

  it.each([
    ['in pieces', [added, delta('{"at":'), delta('"Bern"}'), done(JSON_TEXT, 'completed')]],
    ['at the end of the call', [added, done(JSON_TEXT, 'completed')]],
    ['with the call, which only ends', [done(JSON_TEXT, 'completed')]],
    ['from a server that gives no status', [added, delta(JSON_TEXT), done(JSON_TEXT)]],
    ['with the last piece missing', [added, delta('{"at":'), done(JSON_TEXT, 'completed')]],
  ])('[R17] arguments that come %s are whole', async (_, frames) => {
    expect(toolCallsOf(await raw(...frames, COMPLETED))).toEqual([WHOLE]);
  });

  it.each([
    ['whose arguments never began', [added]],
    ['whose end never came', [added, delta(JSON_TEXT)]],
    ['that was cut before its arguments', [added, done('', 'incomplete')]],
    ['that was cut inside its arguments', [added, delta('{"at":"B'), done('{"at":"B', 'in_progress')]],
  ])('[R17] a call %s is broken, never run with made up arguments', async (_, frames) => {
    for (const last of [
      COMPLETED,
      end('incomplete', { incomplete_details: { reason: 'max_output_tokens' } }),
    ]) {
      const calls = toolCallsOf(await raw(...frames, last));
      expect(calls).toEqual([{ id: 'call_1', name: 'look', arguments: {}, broken: true }]);
    }
  });

  it('a refusal of the model is what it says', async () => {
    const refusal = event('response.refusal.delta', {
      output_index: 0,
      content_index: 0,
      delta: 'I will not.',
    });
    expect((await raw(refusal, COMPLETED)).text).toBe('I will not.');
  });

  it('tokens are counted once, with what was cached and thought', async () => {
    const { message } = await ask({ kind: 'reply', text: 'Cold today.' }, QUESTION);
    expect(message.usage_metadata).toEqual({
      ...{ input_tokens: 11, output_tokens: 7, total_tokens: 18 },
      ...{ input_token_details: { cache_read: 4 }, output_token_details: { reasoning: 3 } },
    });
    expect(new TokenCount(QUESTION).add(message).usage).toEqual({
      ...{ inputTokens: 11, outputTokens: 7, cachedTokens: 4, estimated: false },
    });
  });

  it('[R17] an end without its event is a broken answer', async () => {
    const text = event('response.output_text.delta', { output_index: 0, content_index: 0, delta: 'Co' });
    await expect(raw(text)).rejects.toMatchObject({ code: 'model_unavailable' });
  });
});
