import { type ErrorObject } from 'ajv';
import { type FieldError } from '../../common/app-error.js';
import { ToolErrors } from '../tools.errors.js';
import { type JsonSchema } from '../tool.js';
import { type Compiled, SchemaCompiler } from './ajv.js';
import { canonicalJson } from './canonical-json.js';
import { TooMuchWork } from './linear-regexp.js';

const MAX_ERRORS = 20;
const MAX_CACHED = 2_000;

/**
 * Checks values against JSON Schema 2020-12. A schema is compiled once, by its identity (the definition's hash). It
 * must be our own, or one that SchemaProbe has let through.
 */
export class SchemaValidator {
  private readonly compiled = new Map<string, Compiled>();
  private readonly compiler: SchemaCompiler;

  constructor(options: { readonly useDefaults: boolean }) {
    this.compiler = new SchemaCompiler({ ...options, uniqueItems: areUnique });
  }

  /**
   * What is wrong with a value, one entry a field; undefined when nothing is. With `useDefaults` missing members
   * that have a default are filled in. Throws `invalid_tool_schema` when the schema cannot be compiled.
   */
  check(identity: string, schema: JsonSchema, value: unknown): readonly FieldError[] | undefined {
    const { check, validate } = this.compile(identity, schema);
    try {
      if (check(value)) return undefined;
    } catch (error) {
      if (error instanceof TooMuchWork) return [{ field: '', message: error.message }];
      throw error;
    }
    return (validate.errors ?? []).slice(0, MAX_ERRORS).map(fieldError);
  }

  /** Compiles a schema now, so that a bad one is found before its first use. */
  compile(identity: string, schema: JsonSchema): Compiled {
    const known = this.compiled.get(identity);
    if (known !== undefined) return known;
    let compiled: Compiled;
    try {
      compiled = this.compiler.compile(schema);
    } catch (error) {
      throw ToolErrors.invalid_tool_schema(`The JSON Schema cannot be used: ${(error as Error).message}`, {
        cause: error,
      });
    }
    const [oldest] = this.compiled.keys();
    if (this.compiled.size >= MAX_CACHED && oldest !== undefined) this.compiled.delete(oldest);
    this.compiled.set(identity, compiled);
    return compiled;
  }
}

/** Ajv compares each with each: half a minute for 10,000 objects. */
function areUnique(items: readonly unknown[]): boolean {
  return new Set(items.map((item) => canonicalJson(item))).size === items.length;
}

/** Says which member is wrong and how to mend it. */
function fieldError(error: ErrorObject): FieldError {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const params = error.params as Record<string, unknown>;
  const at = (...more: unknown[]) => [...path, ...more].join('.');
  switch (error.keyword) {
    case 'required':
      return { field: at(params.missingProperty), message: requiredMessage(error) };
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const known = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
      return {
        field: at(params.additionalProperty ?? params.unevaluatedProperty),
        message: `is not known; ${known.length > 0 ? `use ${known.join(', ')}` : 'leave it out'}`,
      };
    }
    case 'enum':
      return {
        field: at(),
        message: `must be one of ${(params.allowedValues as unknown[]).map(String).join(', ')}`,
      };
    case 'const':
      return { field: at(), message: `must be ${JSON.stringify(params.allowedValue)}` };
    default:
      return { field: at(), message: error.message ?? 'is not valid' };
  }
}

function requiredMessage(error: ErrorObject): string {
  const properties = error.parentSchema?.properties as Record<string, { description?: string }> | undefined;
  const description =
    properties?.[(error.params as { missingProperty: string }).missingProperty]?.description;
  return description === undefined ? 'is required' : `is required: ${description}`;
}
