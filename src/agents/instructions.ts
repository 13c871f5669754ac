import { type AgentSpec } from './agent.js';

const VARIABLE = /\{\{\s*([^{}]*?)\s*\}\}/g;
const DECLARED = new Set(['agent', 'title', 'date']);

/** Variables of a system prompt that do not exist. */
export function unknownVariables(text: string): string[] {
  return [...text.matchAll(VARIABLE)].map((match) => match[1] ?? '').filter((name) => !DECLARED.has(name));
}

/** The system prompt of an agent, its variables replaced: {{agent}}, {{title}}, {{date}} (UTC, YYYY-MM-DD). */
export function renderInstructions(agent: AgentSpec, now: Date): string {
  const values = new Map([
    ['agent', agent.name],
    ['title', agent.title],
    ['date', now.toISOString().slice(0, 10)],
  ]);
  return agent.instructions.replace(VARIABLE, (whole, name: string) => values.get(name) ?? whole);
}
