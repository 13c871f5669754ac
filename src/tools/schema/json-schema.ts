import { z } from 'zod';
import { AppError } from '../../common/app-error.js';
import { checkJson } from '../../platform/http/json-body.js';
import { ToolErrors } from '../tools.errors.js';
import { type JsonSchema } from '../tool.js';

const MAX_BYTES = 64 << 10;
const MAX_DEPTH = 16;
const MAX_SCHEMAS = 500;

/**
 * The JSON Schema (2020-12) of what a caller sends to a zod object: unknown members are refused, defaults are shown.
 * `pattern` is dropped beside `format`, which says the same in a form that the validator knows.
 */
export function inputSchemaOf(schema: z.ZodType): JsonSchema {
  return convert(schema, 'input');
}

/** The JSON Schema (2020-12) of what a tool returns. */
export function outputSchemaOf(schema: z.ZodType): JsonSchema {
  return convert(schema, 'output');
}

function convert(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    override: ({ jsonSchema }) => {
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.properties !== undefined)
        jsonSchema.additionalProperties ??= io === 'input' ? false : {};
      if (io === 'output' && JSON.stringify(jsonSchema.additionalProperties) === '{}')
        delete jsonSchema.additionalProperties;
    },
  });
  return JSON.parse(JSON.stringify(json)) as JsonSchema;
}

/**
 * Refuses a schema that is not an object schema, that is too large, that points outside itself, or that would change
 * how it is checked. [S33] [S35] Throws `invalid_tool_schema` that names the fix.
 */
export function checkSchema(schema: unknown, name: string): asserts schema is JsonSchema {
  const refuse = (message: string) => ToolErrors.invalid_tool_schema(`${name} ${message}`);
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
    throw refuse('must be a JSON Schema object.');
  if ((schema as JsonSchema).type !== 'object') throw refuse('must have "type": "object" at its root.');
  try {
    checkJson(schema);
    if (Buffer.byteLength(JSON.stringify(schema)) > MAX_BYTES) throw refuse('is larger than 64 KiB.');
  } catch (error) {
    throw error instanceof AppError && error.code === 'invalid_tool_schema'
      ? error
      : refuse('is too deep, too large, or holds a member name or a text that JSON must not have.');
  }
  let count = 0;
  for (const { node, depth } of subschemas(schema as JsonSchema)) {
    count += 1;
    if (depth > MAX_DEPTH || count > MAX_SCHEMAS)
      throw refuse(`may have ${MAX_SCHEMAS} subschemas, ${MAX_DEPTH} deep.`);
    for (const key of ['$ref', '$dynamicRef', '$recursiveRef'])
      if (key in node && !String(node[key]).startsWith('#'))
        throw refuse('has a $ref that leaves the schema; only "#/…" is allowed.');
    // A check that answers later is no check: the promise of it counts as "valid".
    if ('$async' in node) throw refuse('has "$async", which is not JSON Schema.');
  }
}

/** One schema inside another, the root first. */
export interface Subschema {
  readonly node: Readonly<Record<string, unknown>>;
  /** JSON Pointer from the root, e.g. `/properties/city`. */
  readonly pointer: string;
  readonly depth: number;
}

const SINGLE = new Set([
  'items',
  'additionalItems',
  'contains',
  'additionalProperties',
  'propertyNames',
  'unevaluatedItems',
  'unevaluatedProperties',
  'contentSchema',
  'not',
  'if',
  'then',
  'else',
]);
const LISTS = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems', 'items']);
const MAPS = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
  'dependencies',
]);

/** Every schema of a schema: what JSON Schema 2020-12, and draft-07 before it, gives a meaning to. */
export function* subschemas(root: JsonSchema): Generator<Subschema> {
  const open: Subschema[] = [{ node: root, pointer: '', depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    yield next;
    const { pointer, depth } = next;
    const push = (value: unknown, path: string) => {
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        open.push({ node: value as JsonSchema, pointer: `${pointer}/${path}`, depth: depth + 1 });
    };
    for (const [key, value] of Object.entries(next.node)) {
      if (SINGLE.has(key)) push(value, key);
      if (LISTS.has(key) && Array.isArray(value))
        value.forEach((item, index) => push(item, `${key}/${index}`));
      else if (MAPS.has(key) && typeof value === 'object' && value !== null)
        for (const [name, member] of Object.entries(value)) push(member, `${key}/${pointerPart(name)}`);
    }
  }
}

/** A name as one part of a JSON Pointer (RFC 6901, section 3). */
export function pointerPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
