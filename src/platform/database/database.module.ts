import { type DynamicModule, Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, type DataSourceOptions, type MigrationInterface } from 'typeorm';
import { ENV, type Env } from '../../config/env.js';
import { BoundedClient, DATABASE_TIMEOUTS } from './bounded-client.js';
import { DatabaseProbe } from './database-probe.js';
import { DatabaseUrl } from './database-url.js';
import { Housekeeping } from './housekeeping.service.js';
import { KeyCheck } from './key-check.js';
import { Migrator } from './migrator.js';
import { Notifications } from './notifications.js';
import { PreparingClient } from './preparing-client.js';
import { ReadOnlyDatabases } from './read-only/read-only-databases.js';
import { Transactions } from './transactions.js';

@Global()
@Module({})
class DatabaseUrlModule {}

/** The connection pool and the migrator. Entities come from the features (`autoLoadEntities`), migrations from the composition root. */
@Global()
@Module({})
export class DatabaseModule {
  static forRoot(url: DatabaseUrl, migrations: (new () => MigrationInterface)[]): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        {
          module: DatabaseUrlModule,
          providers: [{ provide: DatabaseUrl, useValue: url }],
          exports: [DatabaseUrl],
        },
        TypeOrmModule.forRootAsync({
          inject: [DatabaseUrl, ENV],
          useFactory: async (url: DatabaseUrl, env: Env) => ({
            type: 'postgres' as const,
            url: await url.pooled(),
            ssl: url.tls,
            autoLoadEntities: true,
            migrations,
            migrationsRun: false,
            uuidExtension: 'pgcrypto' as const,
            installExtensions: false,
            poolSize: env.DATABASE_POOL,
            applicationName: 'mcp-server',
            retryAttempts: 1,
            extra: {
              ...DATABASE_TIMEOUTS,
              Client: env.DATABASE_DIRECT_URL === undefined ? PreparingClient : BoundedClient,
              idleTimeoutMillis: 30_000,
            },
            // A client that fails while idle in the pool reports here; without this the process would end.
            poolErrorHandler: () => undefined,
          }),
          dataSourceFactory: connect,
        }),
      ],
      providers: [
        DatabaseProbe,
        Housekeeping,
        KeyCheck,
        Migrator,
        Notifications,
        ReadOnlyDatabases,
        Transactions,
      ],
      exports: [
        TypeOrmModule,
        DatabaseProbe,
        Housekeeping,
        Migrator,
        Notifications,
        ReadOnlyDatabases,
        Transactions,
      ],
    };
  }
}

async function connect(options?: DataSourceOptions): Promise<DataSource> {
  if (options?.type !== 'postgres') throw new Error('The database must be PostgreSQL');
  const dataSource = new DataSource(options);
  await dataSource.initialize();
  return dataSource;
}
