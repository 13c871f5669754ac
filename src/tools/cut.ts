const encoder = new TextEncoder();
const ELLIPSIS = '…';

/** Bytes of a value as JSON. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? '');
}

/** The longest beginning of a text within `bytes` that splits no character, and no line when it has one to spare. */
export function cutText(text: string, bytes: number): string {
  const { read } = encoder.encodeInto(text, new Uint8Array(Math.max(0, bytes)));
  if (read === text.length) return text;
  const lineEnd = text.lastIndexOf('\n', read);
  return text.slice(0, lineEnd > read / 2 ? lineEnd : read);
}

/**
 * A JSON value of the same shape within `maxBytes`: arrays keep their first elements, objects share the room so that
 * small members stay whole, texts keep their beginning. What comes out is valid JSON, and equal where nothing was cut.
 */
export function cutJson(value: unknown, maxBytes: number): unknown {
  const sizes = new Map<object, number>();
  return cutValue(value, maxBytes, (part) => sizeOf(part, sizes));
}

type Measure = (value: unknown) => number;

/** Every part is measured once, however often it is asked for. */
function sizeOf(value: unknown, sizes: Map<object, number>): number {
  if (typeof value !== 'object' || value === null) return jsonBytes(value);
  let size = sizes.get(value);
  if (size === undefined) {
    const parts = Array.isArray(value)
      ? value.map((item) => sizeOf(item, sizes) + 1)
      : Object.entries(value).map(([key, member]) => jsonBytes(key) + 2 + sizeOf(member, sizes));
    size = parts.reduce((sum, part) => sum + part, parts.length > 0 ? 1 : 2);
    sizes.set(value, size);
  }
  return size;
}

function cutValue(value: unknown, bytes: number, measure: Measure): unknown {
  if (measure(value) <= bytes) return value;
  if (typeof value === 'string') return cutString(value, bytes);
  if (Array.isArray(value)) return cutArray(value, bytes, measure);
  if (typeof value === 'object' && value !== null)
    return cutObject(value as Record<string, unknown>, bytes, measure);
  return null;
}

/** Escapes may make a text up to six times as long. */
function cutString(text: string, bytes: number): string {
  let kept = cutText(text, bytes);
  while (kept !== '' && jsonBytes(kept) + ELLIPSIS.length * 3 > bytes)
    kept = cutText(kept, Math.floor(Buffer.byteLength(kept) * 0.8));
  return `${kept}${ELLIPSIS}`;
}

function cutArray(items: readonly unknown[], bytes: number, measure: Measure): unknown[] {
  const kept: unknown[] = [];
  let left = bytes - 2;
  for (const item of items) {
    const size = measure(item) + 1;
    if (size > left) break;
    kept.push(item);
    left -= size;
  }
  // One large element says more than an empty list.
  if (kept.length === 0 && left > 2) kept.push(cutValue(items[0], left - 1, measure));
  return kept;
}

function cutObject(value: Record<string, unknown>, bytes: number, measure: Measure): Record<string, unknown> {
  const members = Object.entries(value).map(([key, member]) => ({
    key,
    member,
    size: jsonBytes(key) + 2 + measure(member),
  }));
  let left = bytes - 2;
  let rest = members.length;
  const kept = new Map<string, unknown>();
  for (const { key, member, size } of members.toSorted((a, b) => a.size - b.size)) {
    const share = Math.floor(left / rest);
    const room = share - jsonBytes(key) - 2;
    rest -= 1;
    if (size > share && room < 8) continue;
    const part = cutValue(member, room, measure);
    kept.set(key, part);
    left -= part === member ? size : jsonBytes(key) + 2 + jsonBytes(part);
  }
  return Object.fromEntries(
    members.filter(({ key }) => kept.has(key)).map(({ key }) => [key, kept.get(key)]),
  );
}
