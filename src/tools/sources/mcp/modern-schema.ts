import { type JsonSchema } from '../../tool.js';

const MAX_DEPTH = 64;
const OLD_DIALECT = /json-schema\.org\/draft-0[3-7]\//;

/**
 * A schema of an upstream as JSON Schema 2020-12. Many servers still write draft-07, where the items of a tuple have
 * another keyword; `$schema` itself goes, because this registry speaks one dialect. Everything else stays as it was.
 */
export function modernSchema(schema: JsonSchema): JsonSchema {
  const { $schema, ...rest } = schema;
  return typeof $schema === 'string' && OLD_DIALECT.test($schema) ? (translate(rest, 0) as JsonSchema) : rest;
}

/** A `const`, `enum`, `default` or `examples` holds data, not schemas. */
const DATA = new Set(['const', 'enum', 'default', 'examples']);

function translate(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return value;
  if (Array.isArray(value))
    return Array.from(value as Iterable<unknown>, (item) => translate(item, depth + 1));
  const entries = Object.entries(value as JsonSchema).map(([key, member]): [string, unknown] => [
    key,
    DATA.has(key) ? member : translate(member, depth + 1),
  ]);
  const translated: Record<string, unknown> = Object.fromEntries(entries);
  if (!Array.isArray(translated.items)) return translated;
  const { items, additionalItems, ...others } = translated;
  return { ...others, prefixItems: items, ...(additionalItems !== undefined && { items: additionalItems }) };
}
