/** A JSON Pointer (RFC 6901): empty, or parts that each begin with `/`; `~0` is `~`, `~1` is `/`. */
export const JSON_POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;

export function pointerParts(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The value that a pointer names, or undefined. Only what the value itself has: nothing is inherited. */
export function valueAt(root: unknown, pointer: string): unknown {
  let value = root;
  for (const part of pointerParts(pointer)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}
