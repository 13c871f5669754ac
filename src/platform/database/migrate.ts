import { Logger } from '@nestjs/common';
import pg from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { ADVISORY_LOCKS } from './advisory-locks.js';

/**
 * Runs what is missing of the migrations, then `afterwards` (first rows, the queue's own tables), all behind one
 * advisory lock on a session of its own: TypeORM takes none, and a lock must not sit in a pool.
 */
export async function migrate(
  dataSource: DataSource,
  connection: pg.ClientConfig,
  afterwards: () => Promise<void> = async () => undefined,
): Promise<void> {
  const client = new pg.Client({
    ...connection,
    connectionTimeoutMillis: 10_000,
    application_name: 'mcp-server migrate',
  });
  client.on('error', () => undefined); // the query that fails reports it
  await client.connect();
  try {
    await client.query(`set lock_timeout = '60s'`);
    await client.query('select pg_advisory_lock($1)', [ADVISORY_LOCKS.migration]);
    const done = await runMigrations(dataSource, connection);
    if (done.length > 0) new Logger('Database').log(`Ran ${done.length} migrations`);
    await afterwards();
  } finally {
    await client.end();
  }
}

/** Over a connection of its own: a migration may take longer than the pool lets a request wait. */
async function runMigrations(dataSource: DataSource, connection: pg.ClientConfig) {
  const migrating = new DataSource({
    ...dataSource.options,
    url: connection.connectionString,
    poolSize: 1,
    extra: {},
  } as DataSourceOptions);
  await migrating.initialize();
  try {
    return await migrating.runMigrations({ transaction: 'each' });
  } finally {
    await migrating.destroy();
  }
}
