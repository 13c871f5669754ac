import { type Env } from '../../config/env.js';

/** Keys of model providers. */
const MODEL_KEYS = [
  'OPENAI_API_KEY',
  'ANTHROPIC_API_KEY',
  'GOOGLE_API_KEY',
  'AZURE_OPENAI_API_KEY',
  'MISTRAL_API_KEY',
  'GROQ_API_KEY',
] as const;

/** Shorter ones are no secrets, and would cut words out of every line. */
export const MIN_SECRET_LENGTH = 8;
const MAX_KNOWN = 500;
const MASK = '[redacted]';

/** The forms in which a value may turn up in a header, a URL or a body. */
function formsOf(value: string): string[] {
  const base64 = Buffer.from(value).toString('base64').replace(/=+$/, '');
  const json = JSON.stringify(value).slice(1, -1);
  const forms = [
    value,
    json,
    // JSON inside JSON: a body that a line of the log quotes.
    JSON.stringify(json).slice(1, -1),
    encodeURIComponent(value.toWellFormed()),
    new URLSearchParams({ v: value }).toString().slice(2),
    base64,
    Buffer.from(value).toString('base64url'),
  ];
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}

/**
 * The values of secrets that this process has used, masked wherever a text leaves it: logs, errors, results, records,
 * journals, traces. An upstream may quote a key in its error, a model may repeat one. At most 500 values, the least
 * recently used are forgotten first. [S61]
 */
export class KnownSecrets {
  private readonly known = new Map<string, readonly string[]>();

  /** From now on this value is masked. Values under 8 characters are not: they would cut words out of every text. */
  add(value: string | undefined): void {
    if (value === undefined || value.length < MIN_SECRET_LENGTH) return;
    const forms = this.known.get(value) ?? formsOf(value);
    this.known.delete(value);
    this.known.set(value, forms);
    const [oldest] = this.known.keys();
    if (this.known.size > MAX_KNOWN && oldest !== undefined) this.known.delete(oldest);
  }

  mask(text: string): string {
    let masked = text;
    for (const forms of this.known.values())
      for (const form of forms) if (masked.includes(form)) masked = masked.replaceAll(form, MASK);
    return masked;
  }

  /** The same JSON value with every text in it masked; the very same when nothing is known. */
  maskJson<T>(value: T): T {
    return this.known.size === 0 ? value : (this.walk(value) as T);
  }

  private walk(value: unknown): unknown {
    if (typeof value === 'string') return this.mask(value);
    if (Array.isArray(value)) return value.map((item) => this.walk(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.mask(key), this.walk(item)]));
  }
}

/** Of this process: whoever reveals a secret adds it, whoever lets a text out masks it. */
export const knownSecrets = new KnownSecrets();

/** Replaces the values of the secrets of an environment, and those used since, in a line of JSON. */
export function secretMask(
  env: Pick<Env, 'ADMIN_PASSWORD' | 'ENCRYPTION_KEYS'> & Partial<Record<(typeof MODEL_KEYS)[number], string>>,
): (line: string) => string {
  const own = new KnownSecrets();
  const keys = env.ENCRYPTION_KEYS?.map((pair) => pair.slice(pair.indexOf(':') + 1)) ?? [];
  for (const value of [...MODEL_KEYS.map((name) => env[name]), env.ADMIN_PASSWORD, ...keys]) own.add(value);
  return (line) => knownSecrets.mask(own.mask(line));
}
