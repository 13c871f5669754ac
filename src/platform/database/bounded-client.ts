import pg from 'pg';

/**
 * How long each phase may take. One phase fails after another has succeeded, so the sum is what a request waits at
 * most while the database is away: under 3 s. The server's own limit comes first and keeps the connection; ours works
 * also when the network swallows packets. [R02] [R03]
 */
export const DATABASE_TIMEOUTS = {
  connectionTimeoutMillis: 1300,
  statement_timeout: 1500,
  query_timeout: 1600,
  // A process that stands still within a transaction must not keep what it locked, least of all a run, from the others.
  idle_in_transaction_session_timeout: 5000,
} as const;

/**
 * A connection that is cut when a query gets no answer in time. pg would keep it: after the silence the server would
 * still run what was sent (`start transaction`), and the next borrower's writes would sit in a transaction that
 * nobody commits.
 */
export class BoundedClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config);
    const query = this.query.bind(this) as (...args: unknown[]) => unknown;
    const bounded = (...args: unknown[]): unknown => {
      const result = query(...args);
      if (result instanceof Promise) {
        result.catch((error: Error) => {
          if (error.message === 'Query read timeout') void this.end();
        });
      }
      return result;
    };
    this.query = bounded as typeof this.query;
  }
}
