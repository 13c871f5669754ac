import { type JsonSchema } from '../../tools/tool.js';

/** What a provider takes as the schema of an answer. */
interface Dialect {
  /** Keywords that it knows. */
  readonly keep: ReadonlySet<string>;
  /** Every object must be closed. */
  readonly closes: boolean;
}

const COMMON = ['type', 'properties', 'required', 'items', 'enum', 'anyOf', '$ref', '$defs', 'description'];
/** Without these a schema allows more, never less: the answer is checked against the whole schema anyway. */
const LOOSENING = new Set([
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  ...['minLength', 'maxLength', 'pattern', 'format', 'minItems', 'maxItems', 'uniqueItems'],
  ...[
    'minProperties',
    'maxProperties',
    'const',
    'title',
    'default',
    'examples',
    '$schema',
    '$id',
    '$comment',
  ],
  ...['deprecated', 'readOnly', 'writeOnly'],
]);

/** https://platform.claude.com/docs/en/build-with-claude/structured-outputs, "JSON Schema limitations". */
const ANTHROPIC: Dialect = {
  keep: new Set([...COMMON, 'allOf', 'const', 'title', 'default', 'additionalProperties']),
  closes: true,
};
/** https://ai.google.dev/api/generate-content, `responseJsonSchema`. */
const GOOGLE: Dialect = {
  keep: new Set([
    ...[...COMMON, 'oneOf', 'prefixItems', 'title', 'format', 'additionalProperties'],
    ...['minItems', 'maxItems', 'minimum', 'maximum'],
  ]),
  closes: false,
};
/** https://developers.openai.com/api/docs/guides/structured-outputs, "Supported schemas". */
const OPENAI_STRICT = new Set([
  ...[...COMMON, 'const', 'title', 'pattern', 'format', 'additionalProperties', 'minItems', 'maxItems'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
]);

/** `response_format` of OpenAI's chat completions: strict when the schema allows, else as a strong hint. */
export function openAiFormat(schema: JsonSchema) {
  const strict = schema['type'] === 'object' && schema['anyOf'] === undefined && isStrict(schema);
  return { type: 'json_schema', json_schema: { name: 'answer', schema, strict } } as const;
}

/** The schema for `output_config.format` of Anthropic's messages; undefined when it cannot be said there. */
export const anthropicSchema = (schema: JsonSchema) => translate(schema, ANTHROPIC);

/** The schema for `responseJsonSchema` of Gemini; undefined when it cannot be said there. */
export const googleSchema = (schema: JsonSchema) => translate(schema, GOOGLE);

function isStrict(schema: JsonSchema): boolean {
  const names = Object.keys(childrenOf(schema, 'properties'));
  const required = new Set((schema['required'] ?? []) as string[]);
  if (!Object.keys(schema).every((key) => OPENAI_STRICT.has(key))) return false;
  if (isObject(schema) && schema['additionalProperties'] !== false) return false;
  if (!names.every((name) => required.has(name))) return false;
  return partsOf(schema).every(isStrict);
}

function translate(schema: JsonSchema, dialect: Dialect): JsonSchema | undefined {
  const { additionalProperties } = schema;
  const isOpen = additionalProperties !== undefined && additionalProperties !== false;
  // A closed object would be an empty one.
  const isFree = isObject(schema) && schema['properties'] === undefined;
  if (dialect.closes && (isOpen || isFree)) return undefined;
  if (typeof additionalProperties === 'object') return undefined;
  const entries = Object.entries(schema).filter(([key]) => dialect.keep.has(key));
  const isLost = Object.keys(schema).some((key) => !dialect.keep.has(key) && !LOOSENING.has(key));
  if (isLost) return undefined;
  const translated: Record<string, unknown> = {};
  for (const [key, value] of entries) {
    const part = translateValue(key, value, dialect);
    if (part === undefined) return undefined;
    translated[key] = part;
  }
  if (dialect.closes && isObject(schema)) translated['additionalProperties'] = false;
  if (!dialect.keep.has('const') && 'const' in schema) translated['enum'] = [schema['const']];
  return translated;
}

function translateValue(key: string, value: unknown, dialect: Dialect): unknown {
  const one = (part: unknown) =>
    typeof part === 'object' && part !== null ? translate(part as JsonSchema, dialect) : undefined;
  const all = (parts: readonly unknown[]) => (parts.every((part) => part !== undefined) ? parts : undefined);
  if (MAPS.has(key)) {
    const parts = Object.entries(value as object).map(([name, part]) => [name, one(part)] as const);
    return all(parts.map(([, part]) => part)) && Object.fromEntries(parts);
  }
  if (LISTS.has(key)) return all((value as unknown[]).map(one));
  return key === 'items' ? one(value) : value;
}

const MAPS = new Set(['properties', '$defs']);
const LISTS = new Set(['anyOf', 'allOf', 'oneOf', 'prefixItems']);

function isObject(schema: JsonSchema): boolean {
  const { type } = schema;
  return type === 'object' || (Array.isArray(type) && type.includes('object')) || 'properties' in schema;
}

function childrenOf(schema: JsonSchema, key: string): Readonly<Record<string, unknown>> {
  return (schema[key] ?? {}) as Record<string, unknown>;
}

/** The schemas inside a schema that OPENAI_STRICT knows. */
function partsOf(schema: JsonSchema): JsonSchema[] {
  const { items, anyOf = [] } = schema as { items?: unknown; anyOf?: readonly unknown[] };
  const parts = [
    ...Object.values(childrenOf(schema, 'properties')),
    ...Object.values(childrenOf(schema, '$defs')),
    ...anyOf,
    ...(items === undefined ? [] : [items]),
  ];
  // `true` allows anything, which strict schemas cannot say.
  return parts.map((part) => (typeof part === 'object' && part !== null ? part : { not: {} }) as JsonSchema);
}
