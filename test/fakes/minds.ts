import { type Mind, type Script } from './llm-server.js';

/**
 * Thinks like a model that coordinates two specialists: asks both in one message, each calls its tool, and every
 * answer quotes the results. The specialists' first requests wait for each other, so it ends only when they are asked
 * at the same time.
 */
export function twoAgentMind(file: string, expression: string): Mind {
  let meet: (() => void) | undefined;
  const together = new Promise<void>((resolve) => (meet = resolve));
  let waiting = 0;
  const specialist = async (script: Script): Promise<Script> => {
    waiting += 1;
    if (waiting === 2) meet?.();
    await together;
    return script;
  };
  return ({ tools, results }) => {
    if (results.length > 0) return { kind: 'reply', text: `Here is what I found: ${results.join(' and ')}` };
    if (tools.includes('ask_code-historian')) {
      const calls = [
        {
          name: 'ask_code-historian',
          args: { task: `Who changed ${file} last, and how many commits has it?` },
        },
        { name: 'ask_analyst', args: { task: `What is ${expression}?` } },
      ];
      return { kind: 'reply', text: 'I ask two specialists at the same time.', calls };
    }
    if (tools.includes('git_log')) {
      return specialist({ kind: 'reply', calls: [{ name: 'git_log', args: { path: file } }] });
    }
    return specialist({ kind: 'reply', calls: [{ name: 'calculator', args: { expression } }] });
  };
}
