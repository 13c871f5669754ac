import { fieldErrorsOf } from '../../../common/field-errors.js';
import { ToolErrors } from '../../tools.errors.js';
import { type ToolContract } from '../../tool-version.entity.js';
import { HttpSource, pathNames, usedArguments } from './http-source.schema.js';

/**
 * What a tool's author gave as `source`, checked without a look at the network. Throws `invalid_tool_source` with the
 * member and the fix.
 */
export function parseHttpSource(given: unknown): HttpSource {
  const parsed = HttpSource.safeParse(given);
  if (!parsed.success) {
    const problems = fieldErrorsOf(parsed.error.issues, 'source').map(
      ({ field, message }) => `${field} ${message}`,
    );
    throw ToolErrors.invalid_tool_source(`The source of the tool is not valid: ${problems.join('; ')}.`);
  }
  const { secret, ...source } = parsed.data;
  if (secret !== undefined && source.auth !== undefined)
    throw ToolErrors.invalid_tool_source('source.secret and source.auth exclude each other: use one.');
  if (source.body !== undefined && ['GET', 'HEAD'].includes(source.method))
    throw ToolErrors.invalid_tool_source(`source.body cannot be sent with ${source.method}.`);
  checkUrl(source.url);
  for (const name of Object.keys(source.path ?? {}))
    if (!pathNames(source.url).includes(name))
      throw ToolErrors.invalid_tool_source(`source.path.${name} is not a {${name}} of source.url.`);
  if (source.bodyType === 'form' && source.body !== undefined && !isPlainObject(source.body))
    throw ToolErrors.invalid_tool_source('source.body must be an object where bodyType is "form".');
  return secret === undefined ? source : { ...source, auth: { type: 'bearer', secret } };
}

/** Every argument needs its place: one that is used nowhere would be dropped without a word. */
export function checkUse(source: HttpSource, { inputSchema }: ToolContract): void {
  const known = Object.keys((inputSchema.properties as object | undefined) ?? {});
  const used = usedArguments(source);
  const missing = [...used].filter((name) => !known.includes(name));
  if (missing.length > 0)
    throw ToolErrors.invalid_tool_source(
      `The source uses ${missing.join(', ')}, which inputSchema.properties does not have.`,
    );
  const lost = source.body === undefined ? [] : known.filter((name) => !used.has(name));
  if (lost.length > 0)
    throw ToolErrors.invalid_tool_source(
      `source.body is given, so each argument needs a place: use ${lost.join(', ')} by {"$arg": "/${lost[0]}"}.`,
    );
}

function checkUrl(template: string): void {
  const filled = template.replace(/\{[^{}/]*\}/g, 'x');
  const [location = '', query = ''] = template.split('?');
  if (template.includes('#') || /[{}]/.test(query))
    throw ToolErrors.invalid_tool_source(
      'source.url takes {name} in its path only, and no "#"; see source.query.',
    );
  if (!URL.canParse(filled) || /[{}]/.test(filled))
    throw ToolErrors.invalid_tool_source('source.url is not a URL, or a {name} in it is not closed.');
  const { origin, pathname } = new URL(filled);
  if (!location.startsWith(`${origin}/`) && location !== origin)
    throw ToolErrors.invalid_tool_source(
      `source.url must begin with ${origin}/ as it is: no {name}, user, or other spelling before the path.`,
    );
  if (`${origin}${pathname}` !== filled.split('?')[0] && location !== origin)
    throw ToolErrors.invalid_tool_source(
      'source.url must have a path without "..", "." and characters to encode.',
    );
}

function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
