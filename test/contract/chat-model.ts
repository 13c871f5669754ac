import { describe, expect, it } from '@jest/globals';
import { type BaseChatModel } from '@langchain/core/language_models/chat_models';
import { type AIMessageChunk, HumanMessage } from '@langchain/core/messages';
import { type Call } from '../fakes/llm-server.js';
import { until } from '../support/server-process.js';

/** What a suite needs of an adapter: a model that will answer as told, and whether a request is still open upstream. */
export interface ChatModelAdapter {
  open(answer: {
    readonly text?: string;
    readonly calls?: readonly Call[];
    readonly stall?: boolean;
  }): Promise<BaseChatModel>;
  /** Requests of the model that are open upstream; 0 for one without an upstream. */
  pending(): number;
  /** A request that makes the adapter answer with a long text, with one call, with two calls. */
  readonly prompts: { readonly text: string; readonly one: string; readonly two: string };
}

const tool = (name: string, description: string, parameter: string) => ({
  type: 'function' as const,
  function: {
    name,
    description,
    parameters: {
      type: 'object',
      properties: { [parameter]: { type: 'string', description: `The ${parameter} to use.` } },
      required: [parameter],
    },
  },
});
const TOOLS = [
  tool('weather', 'Tells the weather of a city.', 'city'),
  tool('calculator', 'Calculates an arithmetic expression.', 'expression'),
];
const ONE: Call = { name: 'weather', args: { city: 'Zürich' } };
const TWO: Call = { name: 'calculator', args: { expression: '2 + 2' } };

/** Contract of the ChatModel provider port: every adapter must pass it. */
export function describeChatModelContract(name: string, adapter: () => ChatModelAdapter): void {
  const stream = async (model: BaseChatModel, prompt: string, signal?: AbortSignal) => {
    const bound = model.bindTools?.(TOOLS);
    if (bound === undefined) throw new Error('no bindTools');
    const chunks: AIMessageChunk[] = [];
    for await (const chunk of await bound.stream([new HumanMessage(prompt)], { signal })) {
      chunks.push(chunk);
    }
    const [first, ...rest] = chunks;
    return { chunks, whole: rest.reduce((sum, chunk) => sum.concat(chunk), first as AIMessageChunk) };
  };

  describe(`chat model: ${name}`, () => {
    it('streams a text in pieces, with usage', async () => {
      const model = await adapter().open({ text: 'One two three four five – grüße.' });
      const { chunks, whole } = await stream(model, adapter().prompts.text);
      expect(chunks.filter((chunk) => chunk.text !== '').length).toBeGreaterThan(3);
      expect(whole.text.length).toBeGreaterThan(20);
      expect(whole.usage_metadata?.input_tokens).toBeGreaterThan(0);
      expect(whole.usage_metadata?.output_tokens).toBeGreaterThan(0);
    });

    it('calls a tool', async () => {
      const model = await adapter().open({ calls: [ONE] });
      const { whole } = await stream(model, adapter().prompts.one);
      expect(whole.tool_calls).toEqual([expect.objectContaining(ONE)]);
      expect(whole.tool_calls?.[0]?.id).toMatch(/^[\w-]{3,64}$/);
    });

    it('calls two tools at once, each with an id of its own', async () => {
      const model = await adapter().open({ text: 'I will look.', calls: [ONE, TWO] });
      const { whole } = await stream(model, adapter().prompts.two);
      expect(whole.tool_calls).toEqual([expect.objectContaining(ONE), expect.objectContaining(TWO)]);
      expect(new Set(whole.tool_calls?.map(({ id }) => id)).size).toBe(2);
    });

    it('answers without streaming too', async () => {
      const model = await adapter().open({ calls: [ONE] });
      const message = await model.bindTools?.(TOOLS).invoke([new HumanMessage(adapter().prompts.one)]);
      expect(message?.tool_calls).toEqual([expect.objectContaining(ONE)]);
    });

    it('stops at an abort and lets go of the upstream', async () => {
      const model = await adapter().open({ text: 'One two three four five.', stall: true });
      const abort = new AbortController();
      const bound = model.bindTools?.(TOOLS);
      const read = async () => {
        for await (const chunk of (await bound?.stream([new HumanMessage(adapter().prompts.text)], {
          signal: abort.signal,
        })) ?? []) {
          if (chunk.text !== '') abort.abort(new Error('gone'));
        }
      };
      await expect(read()).rejects.toThrow(/abort|gone/i);
      await until('no request is open upstream', () => adapter().pending() === 0);
    });
  });
}
