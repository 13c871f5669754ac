import { type Argument } from './http-source.schema.js';

type Style = Pick<Argument, 'style' | 'explode'>;

/** RFC 3986 unreserved characters stay, everything else is percent-encoded: no value leaves its own slot. [S55] */
export function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value as one text: JSON for what has parts. */
function plainText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A path parameter by OpenAPI's styles simple, label and matrix, encoded. */
export function pathText(name: string, value: unknown, { style = 'simple', explode = false }: Style): string {
  const text = (part: unknown) => encode(plainText(part));
  const [start, between] = { simple: ['', ','], label: ['.', '.'], matrix: [';', ';'] }[
    style as 'simple' | 'label' | 'matrix'
  ] ?? ['', ','];
  const titled = (key: string, content: string) =>
    style === 'matrix' ? `${encode(key)}=${content}` : content;
  if (isObject(value)) {
    const members = Object.entries(value);
    if (explode) return start + members.map(([key, item]) => `${encode(key)}=${text(item)}`).join(between);
    return start + titled(name, members.flatMap(([key, item]) => [encode(key), text(item)]).join(','));
  }
  if (Array.isArray(value) && explode)
    return start + value.map((item) => titled(name, text(item))).join(between);
  return start + titled(name, Array.isArray(value) ? value.map(text).join(',') : text(value));
}

/** Query parameters by OpenAPI's styles form, spaceDelimited, pipeDelimited and deepObject, not encoded yet. */
export function queryPairs(
  name: string,
  value: unknown,
  { style = 'form', explode = style === 'form' }: Style,
): [string, string][] {
  if (value === null || value === undefined) return [];
  if (style === 'deepObject' && isObject(value)) return deepPairs(name, value);
  if (Array.isArray(value)) {
    if (explode && style === 'form') return value.map((item) => [name, plainText(item)]);
    const separator = { spaceDelimited: ' ', pipeDelimited: '|' }[style as 'pipeDelimited'] ?? ',';
    return [[name, value.map(plainText).join(separator)]];
  }
  if (!isObject(value)) return [[name, plainText(value)]];
  if (explode) return Object.entries(value).map(([key, item]) => [key, plainText(item)]);
  return [
    [
      name,
      Object.entries(value)
        .flatMap(([key, item]) => [key, plainText(item)])
        .join(','),
    ],
  ];
}

function deepPairs(name: string, value: unknown): [string, string][] {
  if (Array.isArray(value)) return value.map((item) => [name, plainText(item)]);
  if (!isObject(value)) return value === null || value === undefined ? [] : [[name, plainText(value)]];
  return Object.entries(value).flatMap(([key, item]) => deepPairs(`${name}[${key}]`, item));
}

/** A header value in OpenAPI's style simple. */
export function headerText(value: unknown, { explode = false }: Style): string {
  if (Array.isArray(value)) return value.map(plainText).join(',');
  if (!isObject(value)) return plainText(value);
  return Object.entries(value)
    .map(([key, item]) => `${key}${explode ? '=' : ','}${plainText(item)}`)
    .join(',');
}
