import { createHash, randomBytes } from 'node:crypto';

const CHECKSUM_LENGTH = 6;
const FORM = /^mcp_([A-Za-z0-9_-]{43})([A-Za-z0-9_-]{6})$/;

/** A new key: `mcp_`, 256 random bits, and a checksum by which a mistyped key, or one found in a leak, is told apart. */
export function newApiKey(): string {
  const secret = randomBytes(32).toString('base64url');
  return `mcp_${secret}${checksum(secret)}`;
}

/** Could this be a key of ours? Answers without a look into the database. */
export function isApiKey(credential: string): boolean {
  const [, secret, sum] = FORM.exec(credential) ?? [];
  return secret !== undefined && checksum(secret) === sum;
}

function checksum(secret: string): string {
  return createHash('sha256').update(`mcp_${secret}`).digest('base64url').slice(0, CHECKSUM_LENGTH);
}
