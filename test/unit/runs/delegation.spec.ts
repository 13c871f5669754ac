import { describe, expect, it } from '@jest/globals';
import { type AgentDefinition } from '../../../src/agents/agent.js';
import { askTool, canAsk } from '../../../src/runs/engine/delegation.js';

const agent = (name: string) =>
  ({ name, title: `The ${name}`, description: `Does ${name}.` }) as AgentDefinition;
const asking = (name: string, ...above: string[]) => ({ agent: agent(name), above });

describe('asking a sub-agent', () => {
  it('says who it is and what its tools can do', () => {
    const tool = { name: 't', title: 'Tool', inputSchema: {}, repeatable: true };
    const offer = askTool(agent('b'), [{ ...tool, description: 'Counts v1.2 words. Never mind the rest.' }]);
    expect(offer.name).toBe('ask_b');
    expect(offer.description).toBe('The b: Does b. It can: Tool: Counts v1.2 words.');
    expect(offer.inputSchema).toMatchObject({ required: ['task'] });
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
