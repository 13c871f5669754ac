import { z } from 'zod';
import { ToolErrors } from '../tools.errors.js';
import { type JsonSchema } from '../tool.js';

const MAX_BYTES = 64 << 10;
const MAX_DEPTH = 32;
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
 * Refuses a schema that is not an object schema, that is too large, or that points outside itself. [S35]
 * Throws `invalid_tool_schema` that names the fix.
 */
export function checkSchema(schema: unknown, name: string): asserts schema is JsonSchema {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
    throw ToolErrors.invalid_tool_schema(`${name} must be a JSON Schema object.`);
  if ((schema as JsonSchema).type !== 'object')
    throw ToolErrors.invalid_tool_schema(`${name} must have "type": "object" at its root.`);
  let count = 0;
  const open: [unknown, number][] = [[schema, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, depth] = next;
    if (typeof value !== 'object' || value === null) continue;
    count += 1;
    if (depth > MAX_DEPTH || count > MAX_SCHEMAS * 4)
      throw ToolErrors.invalid_tool_schema(`${name} is too deep or has too many parts.`);
    for (const [key, member] of Object.entries(value)) {
      if (
        /^\$(?:ref|dynamicRef|recursiveRef)$/.test(key) &&
        typeof member === 'string' &&
        !member.startsWith('#')
      )
        throw ToolErrors.invalid_tool_schema(
          `${name} has a $ref that leaves the schema; only "#/…" is allowed.`,
        );
      open.push([member, depth + 1]);
    }
  }
  if (Buffer.byteLength(JSON.stringify(schema)) > MAX_BYTES)
    throw ToolErrors.invalid_tool_schema(`${name} is larger than 64 KiB.`);
}
