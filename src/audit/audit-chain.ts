import { createHash } from 'node:crypto';
import { canonicalJson } from '../common/canonical-json.js';
import { type AuditRecord } from './audit-entry.entity.js';

/** What the first entry is chained to. */
export const CHAIN_START = '0'.repeat(64);

/** SHA-256 over the hash before and the entry in canonical form (jsonb keeps no order of keys), hex. [S79] */
export function chainHash(previous: string, sequence: number, record: AuditRecord): string {
  const { at, actorId, credential, action, targetType, targetId, details } = record;
  const fields = [sequence, at.toISOString(), actorId, credential, action, targetType, targetId, details];
  return createHash('sha256')
    .update(`${previous}\n${canonicalJson(fields)}`)
    .digest('hex');
}
