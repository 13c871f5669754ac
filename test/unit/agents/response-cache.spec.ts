import { describe, expect, it } from '@jest/globals';
import { HumanMessage } from '@langchain/core/messages';
import { createCache } from 'cache-manager';
import { type CacheableCall, ResponseCache } from '../../../src/agents/models/response-cache.service.js';

const cache = new ResponseCache(createCache(), { MODEL_CACHE_SECONDS: 60 });
const call: CacheableCall = {
  userId: 'u1',
  model: 'openai:x',
  settings: { temperature: 0 },
  messages: [new HumanMessage('hi')],
  tools: [{ name: 'look', description: 'Looks.', schema: { type: 'object', properties: {} } }],
};
const answer = { content: 'Hello', text: 'Hello', calls: [] };
const place = () => {
  const found = cache.placeOf(call);
  if (found === undefined) throw new Error('not kept');
  return found;
};

describe('the response cache', () => {
  it('has one place for a call, however its parts are ordered, and another for every difference', () => {
    const { key } = place();
    const [tool] = call.tools as [object];
    const reordered = { tools: [Object.fromEntries(Object.entries(tool).reverse())] };
    expect(cache.placeOf({ ...call, ...reordered })?.key).toBe(key);
    const others: Partial<CacheableCall>[] = [
      { userId: 'u2' },
      { model: 'anthropic:x' },
      { settings: { temperature: 0, maxOutputTokens: 5 } },
      { output: { type: 'object' } },
      { messages: [new HumanMessage('hi!')] },
      { tools: [] },
      { tools: [{ ...tool, description: 'Looks well.' }] },
    ];
    const keys = others.map((other) => cache.placeOf({ ...call, ...other })?.key);
    expect(new Set([key, ...keys]).size).toBe(others.length + 1);
  });

  it('has no place for text that JSON cannot hold', () => {
    expect(cache.placeOf({ ...call, messages: [new HumanMessage('\uD800')] })).toBeUndefined();
  });

  it.each([
    ['stop', true],
    ['STOP', true],
    ['end_turn', true],
    ['tool_use', true],
    ['length', false],
    ['max_tokens', false],
    ['MAX_TOKENS', false],
    ['content_filter', false],
    ['SAFETY', false],
    ['refusal', false],
    [undefined, false],
  ])('an answer that ended with %s is kept: %s', async (ending, isKept) => {
    const mine = { ...place(), key: `k-${String(ending)}` };
    await cache.write(mine, answer, ending);
    expect(await cache.read(mine)).toEqual(isKept ? answer : undefined);
  });

  it('does not keep an answer that is too long', async () => {
    const mine = { ...place(), key: 'long' };
    await cache.write(mine, { ...answer, text: 'x'.repeat(300_000) }, 'stop');
    expect(await cache.read(mine)).toBeUndefined();
  });
});
