import { createHash } from 'node:crypto';
import { type AuditRecord } from './audit-entry.entity.js';

/** What the first entry is chained to. */
export const CHAIN_START = '0'.repeat(64);

/** SHA-256 over the hash before and the entry in one canonical form (keys sorted), hex. [S79] */
export function chainHash(previous: string, sequence: number, record: AuditRecord): string {
  const { at, actorId, credential, action, targetType, targetId, details } = record;
  const fields = [sequence, at.toISOString(), actorId, credential, action, targetType, targetId, details];
  return createHash('sha256')
    .update(`${previous}\n${JSON.stringify(sorted(fields))}`)
    .digest('hex');
}

/** jsonb keeps no order of keys, so the hash must not depend on it. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
