import { ConfigError } from '../config/env.js';
import { EX_CONFIG, EX_SOFTWARE, EX_UNAVAILABLE } from '../config/exit-codes.js';

/** A taken port, a foreign address, a system without a PostgreSQL of its own. */
const CONFIG_ERRORS = new Set(['EADDRINUSE', 'EADDRNOTAVAIL', 'NO_POSTGRES']);
const FILE_ERRORS = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENOENT', 'EEXIST', 'ENOSPC']);
const DATABASE_ERRORS = /^(ECONNREFUSED|ENOTFOUND|ETIMEDOUT|EAI_AGAIN|28P01|28000|3D000|08|57P0)/;

/** The exit code for whatever ended the start: 78 to mend the configuration, 69 to try again later, 70 a bug. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return EX_CONFIG;
  const code = codeOf(error);
  if (CONFIG_ERRORS.has(code) || FILE_ERRORS.has(code)) return EX_CONFIG;
  return DATABASE_ERRORS.test(code) ? EX_UNAVAILABLE : EX_SOFTWARE;
}

/** What to tell the person at the terminal: what is wrong and what to do. */
export function explain(error: unknown): string {
  const code = codeOf(error);
  const { port, path } = error as { port?: number; path?: string };
  if (error instanceof ConfigError || code === 'NO_POSTGRES') return (error as Error).message;
  if (code === 'EADDRINUSE') {
    return `Port ${port} is taken (PORT). Start on another one:  PORT=${(port ?? 8000) + 1} npm start`;
  }
  if (code === 'EADDRNOTAVAIL') return 'HOST is not an address of this machine.';
  if (FILE_ERRORS.has(code) && path !== undefined) {
    return `${path} cannot be written (${code}). Set DATA_DIR to a folder that this user can write.`;
  }
  if (DATABASE_ERRORS.test(code)) {
    return `The database cannot be reached (${code}). Check DATABASE_URL, or unset it for the embedded PostgreSQL.`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}
