import { type FieldError } from '../common/app-error.js';
import { type AgentSpec } from './agent.js';
import { AgentErrors } from './agents.errors.js';

const VARIABLE = /\{\{\s*([^{}]*?)\s*\}\}/g;
/** Always there; an agent cannot declare one of these names. */
export const BUILT_IN_VARIABLES: readonly string[] = ['agent', 'title', 'date'];

type Values = Readonly<Record<string, string>>;

/** Variables of a system prompt that neither the server nor the agent declares. */
export function unknownVariables({
  instructions,
  variables = {},
}: Pick<AgentSpec, 'instructions' | 'variables'>): string[] {
  return [...instructions.matchAll(VARIABLE)]
    .map((match) => match[1] ?? '')
    .filter((name) => !BUILT_IN_VARIABLES.includes(name) && !Object.hasOwn(variables, name));
}

/**
 * Checks what a run gives for the variables of its agent. Throws `invalid_variables`, which names those that the agent
 * does not declare and those that it needs.
 */
export function checkVariables(agent: Pick<AgentSpec, 'name' | 'variables'>, values: Values): void {
  const declared = agent.variables ?? {};
  const unknown = Object.keys(values).filter((name) => !Object.hasOwn(declared, name));
  const missing = Object.keys(declared).filter(
    (name) => declared[name]?.required === true && !Object.hasOwn(values, name),
  );
  const errors: FieldError[] = [
    ...unknown.map((name) => ({ field: `variables.${name}`, message: `${agent.name} has no such variable` })),
    ...missing.map((name) => ({ field: `variables.${name}`, message: `${agent.name} needs it` })),
  ];
  if (errors.length > 0) throw AgentErrors.invalid_variables(undefined, { errors });
}

/**
 * The system prompt of an agent, its variables replaced: {{agent}}, {{title}}, {{date}} (UTC, YYYY-MM-DD) and those
 * that it declares. Replacement is one pass over names, nothing is evaluated, and what a value holds stays text. [S57]
 * Throws `invalid_variables` when a required one is missing: a sub-agent may need what its run was not given.
 */
export function renderInstructions(agent: AgentSpec, now: Date, given: Values = {}): string {
  const own = Object.entries(agent.variables ?? {});
  checkVariables(agent, Object.fromEntries(own.flatMap(([name]) => entryOf(given, name))));
  const values = new Map([
    ...own.map(([name, variable]): [string, string] => [
      name,
      Object.hasOwn(given, name) ? (given[name] ?? '') : (variable.default ?? ''),
    ]),
    ['agent', agent.name],
    ['title', agent.title],
    ['date', now.toISOString().slice(0, 10)],
  ]);
  return agent.instructions.replace(VARIABLE, (whole, name: string) => values.get(name) ?? whole);
}

function entryOf(values: Values, name: string): [string, string][] {
  return Object.hasOwn(values, name) ? [[name, values[name] ?? '']] : [];
}
