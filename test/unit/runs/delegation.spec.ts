import { describe, expect, it } from '@jest/globals';
import { type AgentDefinition } from '../../../src/agents/agent.js';
import { askTool, canAsk } from '../../../src/runs/engine/delegation.js';

const agent = (name: string) =>
  ({ name, title: `The ${name}`, description: `Does ${name}.` }) as AgentDefinition;
const asking = (name: string, ...above: string[]) => ({ agent: agent(name), above });

describe('asking a sub-agent', () => {
  const tool = { name: 't', title: 'Tool', inputSchema: {}, repeatable: true };

  it('tells the planner who it is and what its tools can do', () => {
    const described = { ...tool, description: 'Counts v1.2 words. Never mind the rest.' };
    const offer = askTool(agent('b'), [described], true);
    expect(offer.name).toBe('ask_b');
    expect(offer.description).toBe('The b: Does b. It can: Tool: Counts v1.2 words.');
    expect(offer.inputSchema).toMatchObject({ required: ['task'] });
    expect(askTool(agent('b'), [], true).description).toBe('The b: Does b.');
  });

  it('tells an LLM only the names of its tools, and of no more than 20', () => {
    const tools = Array.from({ length: 300 }, (_, n) => ({
      ...tool,
      title: `T${n}`,
      description: 'x'.repeat(999),
    }));
    const { description } = askTool(agent('b'), tools, false);
    expect(description).toMatch(/^The b: Does b\. Its tools: T0, T1, .*, T19, 280 more\.$/);
    expect(askTool(agent('b'), tools.slice(0, 2), false).description).toBe(
      'The b: Does b. Its tools: T0, T1.',
    );
  });

  it('refuses a way round, too deep a chain, and a task that is no text', () => {
    expect(canAsk(asking('a'), agent('b'), 'do it')).toBeUndefined();
    expect(canAsk(asking('b', 'a'), agent('a'), 'do it')).toContain('already at work');
    expect(canAsk(asking('a'), agent('a'), 'do it')).toContain('already at work');
    expect(canAsk(asking('c', 'a', 'b'), agent('d'), 'do it')).toBeUndefined();
    expect(canAsk(asking('d', 'a', 'b', 'c'), agent('e'), 'do it')).toContain('at most 4');
    expect(canAsk(asking('a'), agent('b'), { task: 1 })).toContain('task');
  });
});
