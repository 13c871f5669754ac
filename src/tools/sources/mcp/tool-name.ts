import { createHash } from 'node:crypto';

const MAX_LENGTH = 64;
const KEPT_LENGTH = 55;

/**
 * The name under which a tool of an upstream server is offered here: `<server>__<tool>`. A pure function of the two,
 * so it never depends on what else is registered: characters that a name may not have become `_`, what is too long
 * ends with a hash of the whole.
 */
export function toolName(server: string, tool: string): string {
  const full = `${server}__${tool}`;
  const safe = full.replaceAll(/[^A-Za-z0-9_-]/gu, '_');
  if (safe.length <= MAX_LENGTH) return safe;
  return `${safe.slice(0, KEPT_LENGTH)}_${createHash('sha256').update(full).digest('hex').slice(0, 8)}`;
}
