import { type JsonSchema } from '../tool.js';

const MAX_DEPTH = 12;
/** Deeper than this only required members are filled in. */
const OPTIONAL_DEPTH = 3;
const MAX_ITEMS = 20;
const MAX_PARTS = 2_000;

const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-01-31',
  time: '12:00:00Z',
  'date-time': '2026-01-31T12:00:00Z',
  duration: 'P1D',
  email: 'sample@example.com',
  uri: 'https://example.com/sample',
  uuid: '00000000-0000-4000-8000-000000000000',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  hostname: 'example.com',
};

interface Walk {
  readonly root: JsonSchema;
  /** Members of these names take what the caller sent, when it fits. */
  readonly given: Readonly<Record<string, unknown>>;
  parts: number;
}

/**
 * A value for a JSON Schema: constants, examples, defaults and enums first, else the simplest value of the type within
 * its bounds. Equal inputs give equal values; the work is bounded. What a pattern or a rare keyword asks for may be
 * missed: check the value.
 */
export function sampleOf(schema: JsonSchema, args: unknown): unknown {
  const given = typeof args === 'object' && args !== null ? (args as Record<string, unknown>) : {};
  return sample(schema, { root: schema, given, parts: 0 }, 0, 0);
}

function sample(schema: unknown, walk: Walk, depth: number, index: number): unknown {
  walk.parts += 1;
  if (typeof schema !== 'object' || schema === null || depth > MAX_DEPTH || walk.parts > MAX_PARTS)
    return null;
  const node = withParts(schema as JsonSchema, walk);
  const [known] = [
    node.const,
    ...listOf(node.examples),
    node.example,
    node.default,
    ...listOf(node.enum),
  ].filter((value) => value !== undefined);
  if (known !== undefined) return structuredClone(known);
  switch (typeOf(node)) {
    case 'object':
      return sampleObject(node, walk, depth);
    case 'array':
      return sampleArray(node, walk, depth);
    case 'integer':
    case 'number':
      return sampleNumber(node, index);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return sampleText(node, index);
  }
}

/** The schema with its reference, all of its `allOf` and the first of its alternatives laid into it. */
function withParts(schema: JsonSchema, walk: Walk, hops = 0): JsonSchema {
  const { $ref, allOf, anyOf, oneOf, ...own } = schema;
  const parts = [
    ...(typeof $ref === 'string' ? [resolve(walk.root, $ref)] : []),
    ...listOf(allOf),
    ...listOf(anyOf).slice(0, 1),
    ...listOf(oneOf).slice(0, 1),
  ].filter((part): part is JsonSchema => typeof part === 'object' && part !== null);
  if (parts.length === 0 || hops > MAX_DEPTH) return own;
  return [...parts.map((part) => withParts(part, walk, hops + 1)), own].reduce((merged, part) => ({
    ...merged,
    ...part,
    ...(merged.properties !== undefined && {
      properties: { ...(merged.properties as object), ...(part.properties as object | undefined) },
      required: [...listOf(merged.required), ...listOf(part.required)],
    }),
  }));
}

function resolve(root: JsonSchema, pointer: string): unknown {
  if (!pointer.startsWith('#')) return undefined;
  return pointer
    .slice(1)
    .split('/')
    .slice(1)
    .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], root);
}

function typeOf({ type, properties, items, prefixItems }: JsonSchema): string {
  const [first = ''] = listOf(type).length > 0 ? listOf(type).filter((name) => name !== 'null') : [type];
  if (typeof first === 'string' && first !== '') return first;
  if (properties !== undefined) return 'object';
  return items !== undefined || prefixItems !== undefined ? 'array' : 'string';
}

function sampleObject(schema: JsonSchema, walk: Walk, depth: number): Record<string, unknown> {
  const required = new Set(listOf(schema.required));
  const properties = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>);
  const value: Record<string, unknown> = {};
  for (const [name, member] of properties) {
    if (!required.has(name) && depth >= OPTIONAL_DEPTH) continue;
    const own = walk.given[name];
    const isSame =
      own !== undefined && depth === 0 && typeOf(member) === typeof own && member.enum === undefined;
    value[name] = isSame ? own : sample(member, walk, depth + 1, 0);
  }
  const missing = Math.min(Number(schema.minProperties ?? 0), MAX_ITEMS) - Object.keys(value).length;
  for (let number = 1; number <= missing; number += 1)
    value[`member${number}`] = sample(schema.additionalProperties, walk, depth + 1, number);
  return value;
}

function sampleArray(schema: JsonSchema, walk: Walk, depth: number): unknown[] {
  const first = listOf(schema.prefixItems).map((item, index) => sample(item, walk, depth + 1, index));
  const wanted = Math.max(Number(schema.minItems ?? (depth < MAX_DEPTH / 2 ? 1 : 0)), first.length);
  const count = Math.min(wanted, Number(schema.maxItems ?? MAX_ITEMS), MAX_ITEMS);
  const rest = Array.from({ length: Math.max(0, count - first.length) }, (_, index) =>
    sample(schema.items ?? { type: 'string' }, walk, depth + 1, index),
  );
  return [...first, ...rest].slice(0, count);
}

function sampleNumber(schema: JsonSchema, index: number): number {
  const step = Number(schema.multipleOf ?? 1);
  const above = schema.exclusiveMinimum === undefined ? -Infinity : Number(schema.exclusiveMinimum);
  const lowest = Math.max(Number(schema.minimum ?? -Infinity), above);
  const highest = Math.min(Number(schema.maximum ?? Infinity), Number(schema.exclusiveMaximum ?? Infinity));
  let value = lowest === -Infinity ? Math.min(step, highest) : Math.ceil(lowest / step) * step;
  if (value <= above) value += step;
  value += index * step;
  if (schema.type !== 'integer' && (value > highest || value === schema.exclusiveMaximum))
    return (Math.max(lowest, highest - 1) + highest) / 2;
  return value;
}

function sampleText(schema: JsonSchema, index: number): string {
  const format = FORMATS[String(schema.format)];
  if (format !== undefined) return format;
  const text = index === 0 ? 'sample' : `sample ${index + 1}`;
  const padded = text.padEnd(Math.min(Number(schema.minLength ?? 0), 10_000), '.');
  return padded.slice(0, Number(schema.maxLength ?? padded.length));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
