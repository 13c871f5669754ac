type Schema = Readonly<Record<string, unknown>>;

/** Text that would leave its slot if anything were not encoded. */
const NASTY = 'a/../b?x=1&y=2#z %2e%2e ü"\'+;=';
const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2026-01-02T03:04:05Z',
  date: '2026-01-02',
  time: '03:04:05Z',
  uuid: '01890000-0000-7000-8000-000000000000',
  email: 'a.b@example.com',
  uri: 'https://example.com/a?b=c#d',
  ipv4: '192.0.2.1',
  hostname: 'example.com',
  duration: 'P1D',
};
const MAX_DEPTH = 4;

/** A value that a JSON Schema allows, the same each time; `full` fills optional members too. */
export function sample(schema: unknown, root: Schema, full: boolean, depth = 0): unknown {
  if (typeof schema !== 'object' || schema === null) return NASTY;
  const one = schema as Record<string, never>;
  if (typeof one.$ref === 'string') {
    const name = String(one.$ref).replace('#/$defs/', '');
    return sample((root.$defs as Record<string, unknown>)[name], root, full, depth);
  }
  if (one.const !== undefined) return one.const;
  if (Array.isArray(one.enum)) return (one.enum as unknown[])[0];
  for (const keyword of ['oneOf', 'anyOf'] as const)
    if (Array.isArray(one[keyword])) return sample((one[keyword] as unknown[])[0], root, full, depth);
  if (Array.isArray(one.allOf))
    return Object.assign({}, ...(one.allOf as unknown[]).map((part) => sample(part, root, full, depth)), {
      ...(one.properties !== undefined && objectOf(one, root, full, depth)),
    });
  const type = Array.isArray(one.type) ? (one.type as string[])[0] : (one.type as string | undefined);
  switch (type) {
    case 'object':
      return objectOf(one, root, full, depth);
    case 'array':
      return depth > MAX_DEPTH
        ? []
        : Array.from({ length: Math.max(2, Number(one.minItems ?? 0)) }, () =>
            sample(one.items, root, full, depth + 1),
          ).slice(0, Number(one.maxItems ?? 2));
    case 'integer':
    case 'number':
      return Math.min(Math.max(7, Number(one.minimum ?? 7)), Number(one.maximum ?? Infinity));
    case 'boolean':
      return true;
    case 'null':
      return null;
    case undefined:
      return one.properties === undefined ? NASTY : objectOf(one, root, full, depth);
    default:
      return FORMATS[String(one.format)] ?? NASTY.slice(0, Number(one.maxLength ?? NASTY.length));
  }
}

function objectOf(schema: Schema, root: Schema, full: boolean, depth: number): Record<string, unknown> {
  const required = (schema.required ?? []) as string[];
  const members = Object.entries((schema.properties ?? {}) as Record<string, unknown>);
  return Object.fromEntries(
    members
      .filter(([name]) => required.includes(name) || (full && depth <= MAX_DEPTH))
      .map(([name, member]) => [name, sample(member, root, full, depth + 1)]),
  );
}
