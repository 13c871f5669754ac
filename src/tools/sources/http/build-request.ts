import { ToolErrors } from '../../tools.errors.js';
import { type HttpSource, isArgument, type Json, pathNames, usedArguments } from './http-source.schema.js';
import { valueAt } from './json-pointer.js';
import { encode, headerText, pathText, queryPairs } from './serialise.js';

export interface BuiltRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Methods whose unnamed arguments go into the query. */
const WITHOUT_BODY = new Set(['GET', 'HEAD', 'DELETE']);
/** A control character ends a header line; what is no ASCII has no agreed meaning in one (RFC 9110 section 5.5). */
const HEADER_TEXT = /^[\t\x20-\x7e]*$/;

/**
 * The request of a call. Each argument changes its own slot only: one path segment, one query value, one header, one
 * member of the body. Throws `invalid_tool_arguments` for an argument that cannot stand where it belongs. [S45] [S55]
 */
export function buildRequest(source: HttpSource, args: Readonly<Record<string, unknown>>): BuiltRequest {
  const { method } = source;
  const used = usedArguments(source);
  const rest = Object.fromEntries(Object.entries(args).filter(([name]) => !used.has(name)));
  const restInQuery = WITHOUT_BODY.has(method) && source.body === undefined;
  const query = queryText(source, args, restInQuery ? rest : {});
  const body = bodyOf(source, args, restInQuery ? undefined : rest);
  const headers = headersOf(source, args);
  if (body !== undefined)
    headers['content-type'] ??=
      source.bodyType === 'form' ? 'application/x-www-form-urlencoded' : 'application/json';
  return { method, url: urlOf(source, args, query), headers, ...(body !== undefined && { body }) };
}

function urlOf(source: HttpSource, args: Readonly<Record<string, unknown>>, query: string): string {
  const [template = '', constant] = source.url.split('?');
  const base = new URL(template.replace(/\{[^{}/]*\}/g, 'x'));
  const path = template
    .slice(template.indexOf('/', base.protocol.length + 2))
    .replace(/\{([^{}/]*)\}/g, (_, name) => {
      const mapping = source.path?.[name as string] ?? { $arg: `/${name}` };
      const value = valueAt(args, mapping.$arg);
      if (
        value === undefined ||
        value === null ||
        value === '' ||
        (Array.isArray(value) && value.length === 0)
      )
        throw wrong(fieldOf(mapping.$arg), 'must not be empty: it is a part of the path');
      return pathText(name as string, value, mapping);
    });
  const names = pathNames(source.url);
  const url = new URL(base.origin + path);
  // A segment of dots would climb, also as %2e: the parser has then changed the path.
  if (url.origin !== base.origin || url.pathname !== path)
    throw wrong(names.join(', '), 'must not make the path climb');
  url.search = [constant, query].filter((part) => part !== undefined && part !== '').join('&');
  return url.href;
}

/** Each parameter of its own; two slots with one name would let a caller override what the tool's author fixed. */
function queryText(
  source: HttpSource,
  args: Readonly<Record<string, unknown>>,
  rest: Readonly<Record<string, unknown>>,
): string {
  const taken = new Set(new URLSearchParams(source.url.split('?')[1] ?? '').keys());
  if (source.auth?.type === 'query') taken.add(source.auth.name ?? 'api_key');
  const parts: string[] = [];
  const add = (field: string, pairs: readonly (readonly [string, string])[]) => {
    for (const [name, text] of pairs) {
      if (taken.has(name)) throw wrong(field, `must not set the query parameter "${name}"`);
      parts.push(`${encode(name)}=${encode(text)}`);
    }
    for (const [name] of pairs) taken.add(name);
  };
  for (const [name, value] of Object.entries(source.query ?? {})) {
    const style = isArgument(value) ? value : {};
    add(name, queryPairs(name, resolve(value, args), style));
  }
  for (const [name, value] of Object.entries(rest)) add(name, queryPairs(name, value, {}));
  return parts.join('&');
}

function headersOf(source: HttpSource, args: Readonly<Record<string, unknown>>): Record<string, string> {
  const headers: Record<string, string> = { accept: 'application/json, text/*;q=0.5' };
  for (const [name, value] of Object.entries(source.headers ?? {})) {
    const resolved = resolve(value, args);
    if (resolved === undefined || resolved === null) continue;
    const text = headerText(resolved, isArgument(value) ? value : {});
    if (!HEADER_TEXT.test(text))
      throw wrong(
        isArgument(value) ? fieldOf(value.$arg) : name,
        'must be printable ASCII: it is sent in a header',
      );
    headers[name.toLowerCase()] = text;
  }
  return headers;
}

function bodyOf(
  source: HttpSource,
  args: Readonly<Record<string, unknown>>,
  rest: Readonly<Record<string, unknown>> | undefined,
): string | undefined {
  const value = source.body === undefined ? rest : resolve(source.body, args);
  if (value === undefined || source.bodyType === 'none') return undefined;
  if (source.bodyType !== 'form') return JSON.stringify(value);
  const pairs = Object.entries(value as object).flatMap(([name, item]) => queryPairs(name, item, {}));
  return pairs.map(([name, text]) => `${encode(name)}=${encode(text)}`).join('&');
}

/** A template with the arguments in their places; members without a value are left out. */
function resolve(template: Json, args: unknown): unknown {
  if (isArgument(template)) return valueAt(args, template.$arg);
  if (Array.isArray(template))
    return (template as readonly Json[])
      .map((item) => resolve(item, args))
      .filter((item) => item !== undefined);
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(
    Object.entries(template)
      .map(([name, item]) => [name, resolve(item, args)] as const)
      .filter(([, item]) => item !== undefined),
  );
}

const fieldOf = (pointer: string) => pointer.slice(1).replaceAll('/', '.');

function wrong(field: string, message: string) {
  return ToolErrors.invalid_tool_arguments(undefined, { errors: [{ field, message }] });
}
