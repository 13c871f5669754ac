import pg from 'pg';
import { findPostgres } from './embedded/binaries.js';

/** Asks the database of `url` for its version; the embedded default, undefined, for its program. Throws when it cannot. */
export async function probeDatabase(url: string | undefined): Promise<string> {
  if (url === undefined) return `embedded, ${(await findPostgres()).postgres}`;
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3000, query_timeout: 3000 });
  client.on('error', () => undefined); // the query that fails reports it
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return `PostgreSQL ${rows[0]?.server_version}`;
  } finally {
    await client.end();
  }
}
