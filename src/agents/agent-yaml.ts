import { parseDocument, stringify } from 'yaml';
import { fieldErrorsOf } from '../common/field-errors.js';
import { type AgentSpec } from './agent.js';
import { checkSpec } from './agent-checks.js';
import { AgentSpecSchema } from './agent-spec.schema.js';

/** An agent as YAML, with the name first and without what is empty. */
export function toYaml(spec: AgentSpec): string {
  const fields = Object.entries(pickSpec(spec)).filter(
    ([, value]) => value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  return stringify(Object.fromEntries(fields), { lineWidth: 100 });
}

/** Reads an agent. Throws an Error that says what is wrong and where, or the AppError of `checkSpec`. */
export function fromYaml(text: string): AgentSpec {
  const document = parseDocument(text, { schema: 'core', uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined) throw new Error(error.message.split('\n')[0]);
  // Few aliases: a "billion laughs" file must not grow in memory.
  const parsed = AgentSpecSchema.safeParse(document.toJS({ maxAliasCount: 10 }));
  if (parsed.success) {
    checkSpec(parsed.data);
    return parsed.data;
  }
  const [first] = fieldErrorsOf(parsed.error.issues);
  throw new Error(`${first?.field ?? ''} ${first?.message ?? 'is not valid'}`.trim());
}

/** The fields of an agent that its author writes, in the order of a file. */
export function pickSpec(spec: AgentSpec): AgentSpec {
  const { name, title, description, pattern, instructions, variables, model, fallbackModels } = spec;
  const { tools, subAgents, outputSchema, limits, approval, memory, modelSettings } = spec;
  return {
    ...{ name, title, description, pattern, instructions, variables, model, fallbackModels },
    ...{ tools, subAgents, outputSchema, limits, approval, memory, modelSettings },
  };
}
