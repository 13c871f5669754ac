import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { ConfigError } from '../../../config/env.js';

const MAX_DATABASES = 50;

const DatabaseSpec = z.strictObject({
  url: z
    .string()
    .refine(
      (value) => URL.canParse(value) && /^postgres(ql)?:$/.test(new URL(value).protocol),
      'must start with postgres://',
    ),
  statementTimeoutMs: z.int().min(100).max(600_000).default(15_000),
  maxRows: z.int().min(1).max(100_000).default(1_000),
  maxBytes: z
    .int()
    .min(1_024)
    .max(10 << 20)
    .default(1 << 20),
  /** Functions that its queries may use although they are not known to be harmless: `schema.name`. */
  functions: z
    .array(z.string().regex(/^[^.]+\.[^.]+$/, 'must be schema.name'))
    .max(200)
    .default([]),
});

/** A database that tools may read, as the operator wrote it. */
export type DatabaseSpec = z.infer<typeof DatabaseSpec>;

const DatabaseList = z
  .record(
    z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'must be 1 to 63 of a-z, 0-9, _ and -'),
    DatabaseSpec,
  )
  .refine((list) => Object.keys(list).length <= MAX_DATABASES, `must name at most ${MAX_DATABASES}`);

/**
 * Reads SQL_DATABASES_FILE, JSON or YAML. Throws ConfigError that names the entry and the rule, never a value: a URL
 * holds a password.
 */
export function readDatabaseList(file: string | undefined): ReadonlyMap<string, DatabaseSpec> {
  if (file === undefined) return new Map();
  const parsed = DatabaseList.safeParse(contentOf(file));
  if (parsed.success) return new Map(Object.entries(parsed.data));
  throw new ConfigError(
    parsed.error.issues.map((issue) => {
      const why = 'issues' in issue ? 'is not a name: use a-z, 0-9, _ and -' : issue.message;
      return `SQL_DATABASES_FILE ${issue.path.join('.')} ${why}`;
    }),
  );
}

function contentOf(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new ConfigError(['SQL_DATABASES_FILE does not name a readable file']);
  }
  try {
    return parse(text) ?? {};
  } catch {
    throw new ConfigError(['SQL_DATABASES_FILE is neither JSON nor YAML']);
  }
}
