import { describe, expect, it } from '@jest/globals';
import { type Message } from '../../../src/conversations/message.entity.js';
import { precedingOf, promptOf } from '../../../src/runs/engine/prompt.js';

const message = (role: Message['role'], text: string, runId: string | null = null) =>
  ({ role, runId, content: [{ type: 'text', text }] }) as unknown as Message;
const run = { id: 'r3', input: [{ type: 'text', text: 'third?' }] } as const;
const shown = (history: Message[], ...later: string[]) =>
  promptOf(precedingOf(history, run, new Set(later)), run.input);

describe('what an agent is shown of its conversation', () => {
  it('puts each answer behind its question, however late it came', () => {
    const history = [
      message('user', 'first?', 'r1'),
      message('user', 'second?', 'r2'),
      message('user', 'third?', 'r3'),
      message('assistant', 'first!', 'r1'),
      message('assistant', 'second!', 'r2'),
    ];
    expect(shown(history)).toEqual([
      { role: 'user', text: 'first?' },
      { role: 'assistant', text: 'first!' },
      { role: 'user', text: 'second?' },
      { role: 'assistant', text: 'second!' },
      { role: 'user', text: 'third?' },
    ]);
  });

  it('leaves out what belongs to runs that were made later', () => {
    const history = [message('user', 'third?', 'r3'), message('user', 'fourth?', 'r4')];
    expect(shown(history, 'r4')).toEqual([{ role: 'user', text: 'third?' }]);
  });

  it('keeps messages that no run made, and answers whose question is out of the window', () => {
    const history = [
      message('assistant', 'old!', 'r0'),
      message('user', 'a note'),
      message('tool', 'x', 'r0'),
    ];
    expect(shown(history).map(({ text }) => text)).toEqual(['old!', 'a note', 'third?']);
  });
});
