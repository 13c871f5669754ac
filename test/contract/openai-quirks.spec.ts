import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AIMessageChunk, HumanMessage } from '@langchain/core/messages';
import { OpenAiProvider } from '../../src/agents/models/openai.provider.js';
import { ModelBreakers } from '../../src/agents/models/model-breakers.js';
import { ResilientModel } from '../../src/agents/models/resilient.model.js';
import { TokenCount } from '../../src/agents/models/token-count.js';
import { toolCallsOf } from '../../src/runs/engine/tool-calls.js';
import { type LlmServer } from '../fakes/llm-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';

let server: LlmServer;
beforeAll(async () => {
  server = await startOpenAiServer();
});
afterAll(() => server?.close());

const line = (fields: object) =>
  `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', ...fields })}\n\n`;
const delta = (content: object, finish_reason: string | null = null) =>
  line({ choices: [{ index: 0, delta: content, finish_reason }] });
const call = (fields: object, name?: string, text?: string) => ({
  ...fields,
  function: { ...(name && { name }), ...(text !== undefined && { arguments: text }) },
});
const calls = (...tool_calls: object[]) => delta({ tool_calls });
const END = [delta({}, 'tool_calls'), 'data: [DONE]\n\n'];
const ROLE = delta({ role: 'assistant', content: '' });

async function ask(...frames: string[]): Promise<AIMessageChunk> {
  server.play({ kind: 'raw', frames });
  const provider = new OpenAiProvider({ OPENAI_BASE_URL: server.url }, () => globalThis.fetch);
  const candidate = { id: 'openai:x', model: await provider.open('x') };
  const model = new ResilientModel([candidate], new ModelBreakers());
  let whole: AIMessageChunk | undefined;
  for await (const chunk of await model.stream([new HumanMessage('hello there')])) {
    whole = whole === undefined ? chunk : whole.concat(chunk);
  }
  return whole as AIMessageChunk;
}

const ONE = { name: 'one', arguments: { a: 1 } };
const TWO = { name: 'two', arguments: { b: 'ü' } };

describe('what OpenAI-compatible servers send', () => {
  it.each([
    [
      'whole calls without an index',
      [ROLE, calls(call({ id: 'c1' }, 'one', '{"a":1}')), calls(call({ id: 'c2' }, 'two', '{"b":"ü"}'))],
    ],
    [
      'calls that all have index 0',
      [
        ROLE,
        calls(call({ id: 'c1', index: 0 }, 'one', '{"a":1}')),
        calls(call({ id: 'c2', index: 0 }, 'two', '{"b":"ü"}')),
      ],
    ],
    [
      'both calls in one chunk, without an index',
      [ROLE, calls(call({ id: 'c1' }, 'one', '{"a":1}'), call({ id: 'c2' }, 'two', '{"b":"ü"}'))],
    ],
    [
      'parts without an index',
      [
        ROLE,
        calls(call({ id: 'c1' }, 'one', '')),
        ...[calls(call({}, undefined, '{"a"')), calls(call({}, undefined, ':1}'))],
        calls(call({ id: 'c2' }, 'two', '{"b":')),
        calls(call({}, undefined, '"ü"}')),
      ],
    ],
    [
      'calls without an id',
      [ROLE, calls(call({ index: 0 }, 'one', '{"a":1}')), calls(call({ index: 1 }, 'two', '{"b":"ü"}'))],
    ],
    [
      'chunks without a role',
      [
        calls(
          call({ id: 'c1', index: 0 }, 'one', '{"a":1}'),
          call({ id: 'c2', index: 1 }, 'two', '{"b":"ü"}'),
        ),
      ],
    ],
  ])('%s are two calls', async (_, frames) => {
    const message = await ask(...frames, ...END);
    expect(toolCallsOf(message)).toEqual([expect.objectContaining(ONE), expect.objectContaining(TWO)]);
    expect(toolCallsOf(message).some(({ broken }) => broken)).toBe(false);
  });

  it('chunks without a role and with empty choices are text; without usage it is estimated', async () => {
    const empty = line({ choices: [] });
    const message = await ask(empty, delta({ content: 'Hello ' }), empty, delta({ content: 'you' }), ...END);
    expect(message.text).toBe('Hello you');
    expect(new TokenCount([new HumanMessage('hello there')]).add(message).usage).toEqual({
      inputTokens: 3,
      outputTokens: 3,
      estimated: true,
    });
  });

  it('[R17] an end without [DONE] is one, once its reason was given', async () => {
    const message = await ask(ROLE, delta({ content: 'Hello' }), delta({}, 'stop'));
    expect(message.text).toBe('Hello');
  });

  it('[R17] an end without a reason is a broken answer', async () => {
    await expect(ask(ROLE, delta({ content: 'Hello' }), 'data: [DONE]\n\n')).rejects.toMatchObject({
      code: 'model_unavailable',
    });
  });

  it('[R17] a call whose piece comes twice is broken, never run with made up arguments', async () => {
    const piece = calls(call({ index: 0 }, undefined, '{"a": 1}'));
    const start = calls(call({ index: 0, id: 'call_1', type: 'function' }, 'one', ''));
    const [made] = toolCallsOf(await ask(ROLE, start, piece, piece, ...END));
    expect(made).toMatchObject({ name: 'one', broken: true });
  });

  it('[R17] an error in the middle of a stream that began with 200 is a failure', async () => {
    const error = `data: ${JSON.stringify({ error: { message: 'out of memory', code: 500 } })}\n\n`;
    await expect(ask(ROLE, delta({ content: 'Hel' }), error)).rejects.toMatchObject({
      code: 'model_unavailable',
    });
  });

  it('[R17] arguments that are no whole JSON object are broken', async () => {
    for (const text of ['{"a":1', '[1]', '"a"', 'a: 1', '{"a":1}}']) {
      const message = await ask(ROLE, calls(call({ id: 'c1', index: 0 }, 'one', text)), ...END);
      expect(toolCallsOf(message)).toEqual([{ id: 'c1', name: 'one', arguments: {}, broken: true }]);
    }
  });

  it.each(['length', 'content_filter'])(
    '[R17] a call that ends by %s before its arguments is broken, one after them is whole',
    async (reason) => {
      const cut = [delta({}, reason), 'data: [DONE]\n\n'];
      for (const [args, calls_] of [
        ['', [{ id: 'c1', name: 'one', arguments: {}, broken: true }]],
        ['{"a":1}', [{ id: 'c1', ...ONE }]],
      ] as const) {
        const start = calls(call({ id: 'c1', index: 0 }, 'one', ''));
        const rest = args === '' ? [] : [calls(call({ index: 0 }, undefined, args))];
        expect(toolCallsOf(await ask(ROLE, start, ...rest, ...cut))).toEqual(calls_);
      }
    },
  );

  it('no arguments at all are an empty object', async () => {
    const message = await ask(ROLE, calls(call({ id: 'c1', index: 0 }, 'one', '')), ...END);
    expect(toolCallsOf(message)).toEqual([{ id: 'c1', name: 'one', arguments: {} }]);
  });
});
