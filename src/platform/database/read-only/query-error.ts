import { type AppError } from '../../../common/app-error.js';
import { databaseState } from '../database-error.js';
import { ReadOnlyErrors } from './read-only.errors.js';

/** Connection lost, no such server or database, wrong password, too many connections, shutting down. */
const AWAY = /^(?:08|28|3D|53|57P|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)|^$/;

/**
 * What a failure of the operator's database amounts to for a caller. `detailed` adds the database's own message, for
 * an admin who registers a query: it repeats what he wrote.
 */
export function queryError(error: unknown, { detailed = false } = {}): AppError {
  const state = databaseState(error);
  const details = { cause: error };
  if (AWAY.test(state)) return ReadOnlyErrors.sql_database_unavailable(undefined, details);
  if (state === '57014') return ReadOnlyErrors.sql_query_timeout(undefined, details);
  if (state === '55P03')
    return ReadOnlyErrors.sql_query_timeout('The query waited too long for a lock.', details);
  const reason = detailed ? ` ${(error as Error).message} (SQLSTATE ${state}).${hintOf(error as Error)}` : '';
  if (detailed || state === '25006' || state === '42501')
    return ReadOnlyErrors.sql_query_refused(
      state === '42501'
        ? `The role of the database may not do this.${reason}`
        : `The query is refused by the database.${reason}`,
      details,
    );
  if (state.startsWith('22'))
    return ReadOnlyErrors.sql_arguments_refused(
      `${argumentOf(error)} does not fit the type that the query wants (SQLSTATE ${state}).`,
      details,
    );
  return ReadOnlyErrors.sql_query_failed(
    `The database could not run the query (SQLSTATE ${state}).`,
    details,
  );
}

/** What people who know another driver write. */
function hintOf({ message }: Error): string {
  if (message.includes('multiple commands')) return ' Give one statement only.';
  return /at or near "[:?@%]/.test(message) ? ' Parameters are written $1, $2, ….' : '';
}

/** PostgreSQL names the parameter, never its value: `unnamed portal parameter $1`. */
function argumentOf(error: unknown): string {
  const { where } = error as { where?: unknown };
  const [, parameter] = /portal parameter (\$\d+)/.exec(typeof where === 'string' ? where : '') ?? [];
  return parameter === undefined ? 'An argument' : `The argument for ${parameter}`;
}
