import { AppError, type FieldError } from '../common/app-error.js';
import { CommonErrors } from '../common/common.errors.js';
import { checkSchema } from '../tools/schema/json-schema.js';
import { SchemaValidator } from '../tools/schema/validator.js';
import { type AgentSpec } from './agent.js';
import { BUILT_IN_VARIABLES, unknownVariables } from './instructions.js';

/** What the fields of an agent must be to each other. Throws `invalid_request` that names each wrong field. */
export function checkSpec(spec: AgentSpec): void {
  const errors: FieldError[] = [];
  const unknown = unknownVariables(spec);
  if (unknown.length > 0) {
    const message = `has unknown variables: ${unknown.join(', ')}; declare them in \`variables\``;
    errors.push({ field: 'instructions', message });
  }
  for (const name of Object.keys(spec.variables ?? {})) {
    if (BUILT_IN_VARIABLES.includes(name)) {
      errors.push({ field: `variables.${name}`, message: 'is given by the server; choose another name' });
    }
  }
  const problem = schemaProblem(spec.outputSchema ?? undefined);
  if (problem !== undefined) errors.push({ field: 'outputSchema', message: problem });
  const works = spec.pattern === 'sequential' || spec.pattern === 'parallel';
  if (works && spec.subAgents.length === 0) {
    errors.push({ field: 'subAgents', message: `the pattern ${spec.pattern} needs at least one` });
  }
  if (errors.length > 0) throw CommonErrors.invalid_request(undefined, { errors });
}

/** Why a schema of an answer cannot be used; undefined when it can, or when there is none. */
export function schemaProblem(schema: unknown): string | undefined {
  if (schema === undefined) return undefined;
  try {
    checkSchema(schema, 'It');
    new SchemaValidator({ useDefaults: false }).compile('', schema);
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
}
