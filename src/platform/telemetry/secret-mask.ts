import { type Env } from '../../config/env.js';

/** Shorter ones are no secrets, and would cut words out of every line. */
const MIN_LENGTH = 8;

/** Replaces the values of the secrets of an environment in a line of JSON. */
export function secretMask(
  env: Pick<Env, 'OPENAI_API_KEY' | 'ANTHROPIC_API_KEY' | 'ADMIN_PASSWORD' | 'ENCRYPTION_KEYS'>,
): (line: string) => string {
  const keys = env.ENCRYPTION_KEYS?.map((pair) => pair.slice(pair.indexOf(':') + 1)) ?? [];
  const values = [env.OPENAI_API_KEY, env.ANTHROPIC_API_KEY, env.ADMIN_PASSWORD, ...keys]
    .filter((value) => value !== undefined && value.length >= MIN_LENGTH)
    .map((value) => JSON.stringify(value).slice(1, -1));
  return (line) => values.reduce((text, value) => text.replaceAll(value, '[redacted]'), line);
}
