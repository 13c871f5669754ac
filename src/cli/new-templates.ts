/** A tool that works as it stands; its author changes the texts and `run`. No import: it may lie anywhere. */
export function toolFile(name: string): string {
  return `export default {
  name: '${name}',
  title: '${titleOf(name)}',
  // Say what it does and when to use it: models and the planner choose by this text.
  description: '${titleOf(name)}: counts the words of a text.',
  input: {
    type: 'object',
    properties: { text: { type: 'string', description: 'The text, in quotes.' } },
    required: ['text'],
    additionalProperties: false,
  },
  output: { type: 'object', properties: { words: { type: 'integer' } }, required: ['words'] },
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  async run({ text }, { signal }) {
    signal.throwIfAborted();
    return { words: text.split(/\\s+/).filter(Boolean).length };
  },
};
`;
}

/** Runs with plain \`node --test\`. \`dist\` leads from the file to the build of the server. */
export function toolTest(name: string, dist: string): string {
  return `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createToolContext } from '${dist}/tools/tool-context.js';
import tool from './${name}.tool.mjs';

test('${name} counts words', async () => {
  assert.deepEqual(await tool.run({ text: 'one two  three' }, createToolContext()), { words: 3 });
});
`;
}

/** An agent with the calculator, to be changed. */
export function agentFile(name: string): string {
  return `name: ${name}
title: ${titleOf(name)}
# Supervisors choose by this text: say what the agent is good for.
description: Answers questions that need exact arithmetic.
instructions: |
  You answer questions that need arithmetic. Always calculate with your tools, never in your head.
# Names of tools, or globs such as git_*. Empty: no tools.
tools: [calculator]
subAgents: []
`;
}

export function agentTest(name: string, dist: string): string {
  return `import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { AgentSpecSchema } from '${dist}/agents/agent-spec.schema.js';
import { parse } from '${dist}/../../node_modules/yaml/dist/index.js';

test('${name} is a valid agent', () => {
  const text = readFileSync(new URL('./${name}.agent.yaml', import.meta.url), 'utf8');
  const agent = AgentSpecSchema.parse(parse(text));
  assert.equal(agent.name, '${name}');
  assert.deepEqual(agent.tools, ['calculator']);
});
`;
}

function titleOf(name: string): string {
  const words = name.replaceAll(/[_-]+/g, ' ').trim();
  return words === '' ? 'Mine' : words.charAt(0).toUpperCase() + words.slice(1);
}
