import { DEFAULT_POLICY, defaultAccess } from '../../tool-defaults.js';
import { type JsonSchema, type ToolAnnotations } from '../../tool.js';
import { parseHttpSource } from '../http/check-source.js';
import { type OfferedTool } from '../tool-source.js';
import { readBody } from './body.js';
import { type Operation } from './operations.js';
import { type Inputs, readParameters } from './parameters.js';
import { dereference, type Document, isRecord, recordsOf, Unsupported } from './references.js';
import { cut, SchemaConverter } from './schema-converter.js';
import { authOf, type ImportAuth, needsOf } from './security.js';

const MAX_DESCRIPTION = 600;
const MAX_OUTPUT_BYTES = 32 << 10;

export interface CompileOptions {
  /** In place of the servers of the document. */
  readonly server?: string;
  /** Where the document came from, for relative servers. */
  readonly documentUrl?: string;
  readonly auth?: ImportAuth;
}

export interface Compiled {
  readonly offer: OfferedTool;
  readonly warnings: readonly string[];
}

/** Makes a tool of an operation. Throws Unsupported with the reason, or the AppError of a source that cannot be. */
export function compileOperation(
  document: Document,
  operation: Operation,
  options: CompileOptions,
): Compiled {
  const schemas = new SchemaConverter(document, 'input');
  const inputs = readParameters(document, operation, schemas);
  readBody(document, operation, inputs, schemas);
  const needs = needsOf(document, operation.spec);
  const auth = needs.isOpen ? undefined : authOf(needs, options.auth);
  const warnings = [...inputs.warnings];
  if (needs.isNeeded && auth === undefined) warnings.push(`it wants ${needs.text}: give "auth"`);
  const annotations = annotationsOf(operation.method);
  const outputSchema = outputOf(document, operation, warnings);
  return {
    warnings,
    offer: {
      contract: {
        name: operation.name,
        title: cut(oneLine(operation.spec.summary) || operation.name, 100),
        description: descriptionOf(operation),
        inputSchema: inputSchemaOf(inputs, schemas),
        ...(outputSchema && { outputSchema }),
        annotations,
      },
      source: parseHttpSource({
        method: operation.method,
        url: `${serverOf(document, operation, options)}${operation.path}`,
        ...filled('path', inputs.path),
        ...filled('query', inputs.query),
        ...filled('headers', inputs.headers),
        ...(inputs.body !== undefined && { body: inputs.body }),
        ...(inputs.bodyType && { bodyType: inputs.bodyType }),
        ...(auth && { auth }),
        operation: cut(operation.label, 400),
      }),
      defaults: {
        policy: DEFAULT_POLICY,
        access: defaultAccess(annotations),
        requiredScopes: [],
        enabled: true,
      },
    },
  };
}

function filled(name: string, map: Readonly<Record<string, unknown>>): object {
  return Object.keys(map).length === 0 ? {} : { [name]: map };
}

function inputSchemaOf({ properties, required }: Inputs, schemas: SchemaConverter): JsonSchema {
  return {
    type: 'object',
    properties,
    ...(required.length > 0 && { required }),
    additionalProperties: false,
    ...schemas.definitions(),
  };
}

/** The schema of the one JSON object that a success answers; undefined where that is not certain. */
function outputOf(document: Document, { spec }: Operation, warnings: string[]): JsonSchema | undefined {
  const answers = Object.entries(isRecord(spec.responses) ? spec.responses : {}).filter(([status]) =>
    status.startsWith('2'),
  );
  const [first] = answers;
  if (answers.length !== 1 || first === undefined) return undefined;
  try {
    const { content } = dereference(document, first[1]);
    const types = Object.entries(isRecord(content) ? content : {});
    const [type, media] = types[0] ?? [];
    if (types.length !== 1 || !/[/+]json/i.test(type ?? '') || !isRecord(media)) return undefined;
    if (dereference(document, media.schema).type !== 'object') return undefined;
    const schemas = new SchemaConverter(document, 'output');
    const root = schemas.convert(dereference(document, media.schema));
    const schema = openEnded({ ...root, ...schemas.definitions() }) as JsonSchema;
    return Buffer.byteLength(JSON.stringify(schema)) > MAX_OUTPUT_BYTES ? undefined : schema;
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    warnings.push('the schema of its answer is left out: ' + error.message);
    return undefined;
  }
}

/** A server may answer more than its document says. */
function openEnded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(openEnded);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, member]) => key !== 'additionalProperties' || member !== false)
      .map(([key, member]) => [key, openEnded(member)]),
  );
}

function serverOf(document: Document, { spec, shared }: Operation, options: CompileOptions): string {
  const { server, documentUrl } = options;
  const given = recordsOf(spec.servers ?? shared.servers ?? document.servers)[0];
  const text = server ?? (given === undefined ? undefined : withDefaults(given.url, given.variables));
  if (text === undefined) throw new Unsupported('the document names no server: give "server"');
  if (!URL.canParse(text, documentUrl))
    throw new Unsupported('its server is relative to the document: give "server"');
  const { origin, pathname, search, hash, username } = new URL(text, documentUrl);
  if (origin === 'null' || `${search}${hash}${username}` !== '')
    throw new Unsupported('its server is not an http or https address: give "server"');
  return `${origin}${pathname.replace(/\/+$/, '')}`;
}

/** Variables of a server take their defaults, which the document's author chose; a caller never fills them. [S53] */
function withDefaults(url: unknown, variables: unknown): string {
  return String(url).replace(/\{([^{}]*)\}/g, (_, name: string) => {
    const variable = isRecord(variables) ? variables[name] : undefined;
    if (!isRecord(variable) || typeof variable.default !== 'string')
      throw new Unsupported(`its server has a variable "${name}" without a default: give "server"`);
    return variable.default;
  });
}

function annotationsOf(method: string): ToolAnnotations {
  const readOnlyHint = method === 'GET' || method === 'HEAD';
  return {
    readOnlyHint,
    destructiveHint: method === 'DELETE',
    idempotentHint: readOnlyHint || method === 'PUT' || method === 'DELETE',
    openWorldHint: true,
  };
}

function descriptionOf({ spec, label }: Operation): string {
  const parts = [
    spec.deprecated === true ? 'Deprecated.' : '',
    oneLine(spec.summary),
    oneLine(spec.description),
  ];
  const text = [...new Set(parts.filter((part) => part !== ''))].join(' ');
  return cut(text === '' ? label : text, MAX_DESCRIPTION);
}

function oneLine(text: unknown): string {
  return typeof text === 'string' ? text.replace(/\s+/g, ' ').trim() : '';
}
