import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import { describe, expect, it } from '@jest/globals';
import { fitToWindow } from '../../../src/runs/engine/context-window.js';

const long = (name: string) => `${name} ${'x'.repeat(396)}`; // about 100 tokens
const call = (id: string) =>
  new AIMessage({ content: '', tool_calls: [{ id, name: 't', args: {}, type: 'tool_call' }] });
const result = (id: string) => new ToolMessage({ content: long(id), tool_call_id: id });
const prompt = [
  new SystemMessage('Rules'),
  new HumanMessage(long('h1')),
  new AIMessage(long('a1')),
  new HumanMessage(long('h2')),
  new AIMessage(long('a2')),
  new HumanMessage(long('Q')),
  ...[call('c1'), result('c1'), call('c2'), result('c2'), call('c3'), result('c3')],
];
const shown = (maxTokens: number) =>
  fitToWindow(prompt, maxTokens).map((message) => {
    const { tool_calls: [made] = [] } = message as AIMessage;
    return made?.id ?? message.text.split(' ')[0];
  });

describe('a prompt that is too long', () => {
  it('loses its oldest messages first, and never begins with an answer', () => {
    expect(shown(10_000)).toHaveLength(prompt.length);
    expect(shown(850)).toEqual(['Rules', 'h2', 'a2', 'Q', ...['c1', 'c1', 'c2', 'c2', 'c3', 'c3']]);
    expect(shown(750)).toEqual(['Rules', 'h2', 'a2', 'Q', ...['c1', 'c1', 'c2', 'c2', 'c3', 'c3']]);
    expect(shown(650)).toEqual(['Rules', 'Q', ...['c1', 'c1', 'c2', 'c2', 'c3', 'c3']]);
  });

  it('keeps calls and their results together, the question and the newest step whatever they cost', () => {
    expect(shown(350)).toEqual(['Rules', 'Q', 'c3', 'c3']);
    expect(shown(400)).toEqual(['Rules', 'Q', 'c2', 'c2', 'c3', 'c3']);
    expect(shown(1)).toEqual(['Rules', 'Q', 'c3', 'c3']);
  });
});
