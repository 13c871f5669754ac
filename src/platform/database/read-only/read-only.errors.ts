import { defineErrors } from '../../../common/app-error.js';

/** Errors of the operator's read-only databases. Their texts hold no SQL, no value and no address. */
export const ReadOnlyErrors = defineErrors({
  sql_database_not_found: { kind: 'not_found', message: 'No database of this name is registered.' },
  sql_database_refused: {
    kind: 'unprocessable',
    message:
      'The database is not used because its role could write. GET /api/v1/sql-databases tells an admin how to mend it.',
  },
  sql_database_unavailable: { kind: 'unavailable', message: 'The database does not answer.' },
  sql_query_refused: { kind: 'unprocessable', message: 'The query is not one that only reads.' },
  sql_arguments_refused: {
    kind: 'unprocessable',
    message: 'An argument does not fit the type that the query wants.',
  },
  sql_query_failed: { kind: 'unprocessable', message: 'The database could not run the query.' },
  sql_query_timeout: { kind: 'timeout', message: 'The query took longer than the database allows.' },
  sql_row_too_large: { kind: 'too_large', message: 'A row of the result is too large to read.' },
});
