import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ENV, type Env } from '../../../config/env.js';
import { readDatabaseList } from './database-list.js';
import { type DatabaseState, ReadOnlyDatabase } from './read-only-database.js';
import { ReadOnlyErrors } from './read-only.errors.js';

/** The databases of SQL_DATABASES_FILE. Only the operator can add one, never the API. */
@Injectable()
export class ReadOnlyDatabases implements OnApplicationShutdown {
  private readonly databases: ReadonlyMap<string, ReadOnlyDatabase>;

  constructor(@Inject(ENV) env: Env) {
    this.databases = new Map(
      [...readDatabaseList(env.SQL_DATABASES_FILE)].map(([name, spec]) => [
        name,
        new ReadOnlyDatabase(name, spec),
      ]),
    );
  }

  /** Throws `sql_database_not_found`. */
  get(name: string): ReadOnlyDatabase {
    const database = this.databases.get(name);
    if (database === undefined)
      throw ReadOnlyErrors.sql_database_not_found(
        `No database "${name}" is registered. The operator does so by SQL_DATABASES_FILE.`,
      );
    return database;
  }

  has(name: string): boolean {
    return this.databases.has(name);
  }

  /** Names with their state now; each database is asked. */
  async states(): Promise<(DatabaseState & { readonly name: string })[]> {
    return Promise.all(
      [...this.databases.values()].map(async (database) => ({
        name: database.name,
        ...(await database.state()),
      })),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.databases.values()].map((database) => database.close()));
  }
}
