import {
  AIMessage,
  type BaseMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
} from '@langchain/core/messages';
import { describe, expect, it } from '@jest/globals';
import { fitToWindow, tokensOf } from '../../../src/runs/engine/context-window.js';

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

  it('counts the tools that are offered', () => {
    const tools = [{ name: 't', description: 'x'.repeat(400) }];
    const kept = fitToWindow(prompt, 900, tools);
    expect(kept.length).toBeLessThan(fitToWindow(prompt, 900).length);
  });

  it('cuts a huge result of the newest step, which says so, and leaves the message itself as it is', () => {
    const huge = new ToolMessage({
      content: '🦊'.repeat(50_000),
      tool_call_id: 'c',
      status: 'error',
      name: 't',
    });
    const small = new ToolMessage({ content: 'small', tool_call_id: 'd' });
    const step = [new HumanMessage('Q'), call('c'), huge, small];
    const kept = fitToWindow(step, 1000);
    expect(sizeOf(kept)).toBeLessThanOrEqual(1000);
    expect(kept[2]).toMatchObject({ tool_call_id: 'c', status: 'error', name: 't' });
    expect(kept[2]?.text).toMatch(/^🦊+\n\[Cut here: 100000 characters do not fit/u);
    expect(kept[2]?.text.isWellFormed()).toBe(true);
    expect(kept[3]).toBe(small);
    expect(huge.text).toHaveLength(100_000);
  });
});

const sizeOf = (messages: readonly BaseMessage[]) =>
  messages.reduce((sum, message) => sum + tokensOf(message), 0);

/** A small random generator with a seed, so that a failure can be done again (mulberry32). */
function randomOf(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  return (max: number) => Math.floor(next() * (max + 1));
}

/** A dialogue as agents have them: questions, answers, steps of one to four calls with all their results. */
function dialogueOf(random: (max: number) => number): BaseMessage[] {
  const text = () => 'wört '.repeat(random(4) === 0 ? random(4000) : random(60));
  const step = (at: number) => {
    const ids = Array.from({ length: 1 + random(3) }, (_, index) => `c${at}_${index}`);
    const calls = ids.map((id) => ({ id, name: 't', args: { a: text() }, type: 'tool_call' as const }));
    const results = ids.map((id) => new ToolMessage({ content: text(), tool_call_id: id }));
    return [new AIMessage({ content: text(), tool_calls: calls }), ...results];
  };
  const turns = Array.from({ length: random(12) }, (_, at) => [
    ...(random(5) === 0 ? [] : [new HumanMessage(text())]),
    ...Array.from({ length: random(2) }, (_each, index) => step(at * 10 + index)).flat(),
    ...(random(3) === 0 ? [] : [new AIMessage(text())]),
  ]);
  const system = random(4) === 0 ? [] : [new SystemMessage(text())];
  const last = Array.from({ length: random(4) }, (_, index) => step(1000 + index)).flat();
  return [...system, ...turns.flat(), new HumanMessage(text()), ...last];
}

const isCut = (message: BaseMessage | undefined) => message?.text.includes('[Cut here: ') === true;

describe('any dialogue, in any window', () => {
  it.each(Array.from({ length: 20 }, (_, index) => index * 50))('of the seeds from %s', (first) => {
    const broken: string[] = [];
    for (let seed = first; seed < first + 50; seed += 1) {
      const random = randomOf(seed);
      const whole = dialogueOf(random);
      const maxTokens = 1 + random(random(1) === 0 ? 400 : 20_000);
      const before = JSON.stringify(whole);
      const kept = fitToWindow(whole, maxTokens);
      const [question] = whole.filter((message) => message.getType() === 'human').slice(-1);
      const check = (what: string, holds: boolean) => {
        if (!holds) broken.push(`${what}: not with seed ${seed} and ${maxTokens} tokens`);
      };

      check('nothing is changed', JSON.stringify(whole) === before);
      check('the system prompt stays', whole[0]?.getType() !== 'system' || kept[0] === whole[0]);
      check('the last question stays, whole', kept.includes(question as HumanMessage));
      check('the newest step stays', isCut(kept.at(-1)) || kept.at(-1) === whole.at(-1));
      const order = kept.filter((message) => !isCut(message)).map((message) => whole.indexOf(message));
      check(
        'the order stays',
        order.every((at, index) => index === 0 || at > (order[index - 1] as number)),
      );
      const begins = kept.find((message) => message.getType() !== 'system')?.getType();
      check('the user begins', begins === 'human');
      const open: string[] = [];
      for (const message of kept) {
        if (message.getType() === 'tool') {
          const at = open.indexOf((message as ToolMessage).tool_call_id);
          check('a result has its call', at >= 0);
          open.splice(at, 1);
        } else {
          check('a call has its results', open.length === 0);
          for (const { id = '' } of (message as AIMessage).tool_calls ?? []) open.push(id);
        }
      }
      check('the last call has its results', open.length === 0);
      // What cannot go: system prompt, question and newest step, its results at their shortest.
      const least = [kept[0], question, ...kept.slice(kept.findLastIndex((one) => one.getType() === 'ai'))];
      const floor = [...new Set(least)].reduce((sum, message) => {
        if (message === undefined) return sum;
        return sum + (message.getType() === 'tool' ? Math.min(tokensOf(message), 54) : tokensOf(message));
      }, 0);
      check('it fits', sizeOf(kept) <= Math.max(maxTokens, floor));
    }
    expect(broken).toEqual([]);
  });
});
