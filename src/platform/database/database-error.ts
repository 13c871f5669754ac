import { AppError } from '../../common/app-error.js';
import { CommonErrors } from '../../common/common.errors.js';

/**
 * SQLSTATE classes that say "not now": connection lost, no resources, shutting down, read-only after a failover, a
 * transaction in which this process stood still.
 */
const UNAVAILABLE_STATES = /^(08|53|57P0|25006|25P03)/;
/** query_canceled by our statement limit, lock_not_available: the database is there but busy. */
const BUSY_STATES = new Set(['57014', '55P03']);
/** What sockets and the pool say. The pool has no code of its own, only texts. */
const UNAVAILABLE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);
const UNAVAILABLE_TEXTS =
  /timeout exceeded when trying to connect|Connection terminated|Query read timeout|not queryable|Driver not Connected|Cannot use a pool after calling end/i;
/** Text that PostgreSQL cannot hold: NUL (22021), bad escapes in JSON (22P05, 22P02), too deep (54001). */
const BAD_TEXT_STATES = new Set(['22021', '22P05', '22P02', '54001']);

/** The AppError that a database failure amounts to for a caller, or undefined when it is a bug of ours. */
export function databaseError(error: unknown): AppError | undefined {
  // Not `instanceof`: an error of the runtime's own sockets may come from another realm (node:vm).
  const message = (error as { message?: unknown } | null)?.message;
  if (typeof message !== 'string') return undefined;
  const state = databaseState(error);
  if (UNAVAILABLE_CODES.has(state) || UNAVAILABLE_STATES.test(state) || UNAVAILABLE_TEXTS.test(message)) {
    return CommonErrors.database_unavailable(undefined, { retryAfter: 2, cause: error });
  }
  if (BUSY_STATES.has(state)) return CommonErrors.overloaded(undefined, { retryAfter: 2, cause: error });
  if (BAD_TEXT_STATES.has(state)) {
    return CommonErrors.invalid_request('The request holds text that cannot be stored.', { cause: error });
  }
  return undefined;
}

/** Does the error say that the database, or its pool, does not answer now? What was asked may work again in a moment. */
export function isDatabaseAway(error: unknown): boolean {
  const known = error instanceof AppError ? error : databaseError(error);
  return known?.code === 'database_unavailable' || known?.code === 'overloaded';
}

/** The SQLSTATE or system error code that an error carries; '' when it has none. */
export function databaseState(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}
