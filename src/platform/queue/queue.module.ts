import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { ENV, type Env } from '../../config/env.js';
import { DatabaseUrl } from '../database/database-url.js';
import { Migrator } from '../database/migrator.js';
import { PostgresQueue } from './postgres-queue.js';
import { Queue } from './queue.js';
import { RedisQueue } from './redis-queue.js';

/** Queued work: in PostgreSQL, or with QUEUE=redis in a Redis of its own. */
@Global()
@Module({
  providers: [
    {
      provide: Queue,
      inject: [ENV, DatabaseUrl],
      useFactory: (env: Env, url: DatabaseUrl) =>
        env.QUEUE === 'redis' && env.QUEUE_REDIS_URL !== undefined
          ? new RedisQueue(env.QUEUE_REDIS_URL, env.LEASE_SECONDS)
          : new PostgresQueue(url, env.LEASE_SECONDS),
    },
  ],
  exports: [Queue],
})
export class QueueModule implements OnApplicationShutdown {
  constructor(
    @Inject(Queue) private readonly queue: Queue,
    migrator: Migrator,
  ) {
    migrator.afterMigrations(() => queue.migrate());
  }

  async onApplicationShutdown(): Promise<void> {
    await this.queue.close();
  }
}
