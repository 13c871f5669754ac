import { type Json } from '../http/http-source.schema.js';
import { type Operation } from './operations.js';
import {
  dereference,
  type Document,
  isRecord,
  type Node,
  recordsOf,
  textOf,
  Unsupported,
} from './references.js';
import { type SchemaConverter } from './schema-converter.js';

/** Where the arguments of a tool go, and what they must be. */
export interface Inputs {
  readonly properties: Record<string, Node>;
  readonly required: string[];
  readonly path: Record<string, { $arg: string; style?: never; explode?: boolean }>;
  readonly query: Record<string, Json>;
  readonly headers: Record<string, Json>;
  body?: Json;
  bodyType?: 'form' | 'none';
  readonly warnings: string[];
}

const DEFAULT_STYLES: Readonly<Record<string, string>> = { path: 'simple', query: 'form', header: 'simple' };
const STYLES = new Set([
  'simple',
  'label',
  'matrix',
  'form',
  'spaceDelimited',
  'pipeDelimited',
  'deepObject',
]);
/** OpenAPI says that parameters of these names are to be ignored. */
const IGNORED_HEADERS = /^(?:accept|content-type|authorization)$/i;

/** Reads the parameters of an operation. Throws Unsupported for a required one that cannot be sent. */
export function readParameters(document: Document, operation: Operation, schemas: SchemaConverter): Inputs {
  const inputs: Inputs = { properties: {}, required: [], path: {}, query: {}, headers: {}, warnings: [] };
  for (const parameter of parametersOf(document, operation)) {
    const { name, in: place } = parameter;
    if (typeof name !== 'string' || name === '') continue;
    if (place === 'header' && IGNORED_HEADERS.test(name)) continue;
    const problem = problemOf(parameter);
    if (problem !== undefined) {
      if (parameter.required === true) throw new Unsupported(`its parameter "${name}" ${problem}`);
      inputs.warnings.push(`the parameter "${name}" is left out: it ${problem}`);
      continue;
    }
    add(inputs, parameter, schemas);
  }
  for (const [, name = ''] of operation.path.matchAll(/\{([^{}/]*)\}/g))
    if (inputs.path[name] === undefined)
      throw new Unsupported(`its path parameter "${name}" is not described`);
  return inputs;
}

function parametersOf(document: Document, { spec, shared }: Operation): Node[] {
  const all = [...list(shared.parameters), ...list(spec.parameters)].map((one) => dereference(document, one));
  // The operation's own parameter wins over one of its path.
  return [...new Map(all.map((one) => [`${String(one.in)} ${String(one.name)}`, one])).values()];
}

const list = (value: unknown): Node[] => recordsOf(value);

function problemOf({ in: place, schema, style, name }: Node): string | undefined {
  if (place === 'cookie') return 'is a cookie, which a tool cannot set';
  if (DEFAULT_STYLES[place as string] === undefined) return `has an unknown place "${String(place)}"`;
  if (!isRecord(schema) && typeof schema !== 'boolean') return 'has no schema (content is not supported)';
  if (style !== undefined && !STYLES.has(style as string)) return `has an unknown style "${textOf(style)}"`;
  if (place === 'header' && RESERVED.test(name as string)) return 'is a header that a tool cannot set';
  return undefined;
}

const RESERVED =
  /^(?:host|cookie|content-.*|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|via|forwarded|x-forwarded-.*|x-real-ip|x-http-method.*|x-method-override|x-original-url|x-rewrite-url|user-agent|origin|referer|api-version|proxy-.*|sec-.*)$/i;

function add(inputs: Inputs, parameter: Node, schemas: SchemaConverter): void {
  const { name, in: place, description, required } = parameter as { name: string; in: 'path' } & Node;
  const argument = argumentName(name, place, inputs.properties);
  const schema = schemas.convert(parameter.schema);
  inputs.properties[argument] = {
    ...schema,
    ...(typeof description === 'string' &&
      description !== '' && { description: schemas.convert({ description }).description }),
  };
  if (required === true || place === 'path') inputs.required.push(argument);
  const { style = DEFAULT_STYLES[place], explode = style === 'form' } = parameter;
  const mapping = {
    $arg: `/${argument}`,
    ...(style !== DEFAULT_STYLES[place] && { style }),
    ...(explode !== (style === 'form') && { explode }),
  };
  const places = { path: inputs.path, query: inputs.query, header: inputs.headers };
  (places[place] as Record<string, unknown>)[name] = mapping;
}

/** A name that every model provider takes; the second of two equal ones says where it goes. */
export function argumentName(name: string, place: string, taken: Readonly<Record<string, unknown>>): string {
  const base =
    name
      .replace(/[^A-Za-z0-9_.-]+/g, '_')
      .replace(/^_+(?=.)|_+$/g, '')
      .slice(0, 56) || 'value';
  if (!Object.hasOwn(taken, base)) return base;
  let unique = `${base}_${place}`;
  for (let n = 2; Object.hasOwn(taken, unique); n += 1) unique = `${base}_${place}${n}`;
  return unique;
}
