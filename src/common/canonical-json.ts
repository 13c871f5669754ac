/**
 * JSON text that is equal for equal values: keys sorted by UTF-16 code units, no space (RFC 8785). What JSON cannot
 * hold is treated as JSON.stringify does; `undefined` itself is ''.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, sortKeys) ?? '';
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
