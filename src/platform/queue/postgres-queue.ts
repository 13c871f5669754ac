import { createPostgresBackend, Queue as BullQueue, Worker } from 'bullmq';
import { type DatabaseUrl } from '../database/database-url.js';
import {
  type AnyQueue,
  type AnyWorker,
  BullMqQueue,
  type Processor,
  type WorkerTimes,
} from './bullmq-queue.js';

const SCHEMA = 'bullmq';

/** Jobs in PostgreSQL, in a schema of BullMQ's own. */
export class PostgresQueue extends BullMqQueue {
  constructor(
    private readonly url: DatabaseUrl,
    leaseSeconds: number,
  ) {
    super(leaseSeconds);
  }

  /** Only here is DDL run: the role of a running server needs none. */
  async migrate(): Promise<void> {
    const connection = { ...(await this.connection(1)), migrate: true };
    const queue = new BullQueue('migrate', { connection }, createPostgresBackend);
    queue.on('error', () => undefined); // waitUntilReady reports it
    try {
      await queue.waitUntilReady();
    } finally {
      await queue.close();
    }
  }

  protected async openQueue(name: string): Promise<AnyQueue> {
    return new BullQueue(name, { connection: await this.connection(2) }, createPostgresBackend);
  }

  protected async openWorker(name: string, processor: Processor, times: WorkerTimes): Promise<AnyWorker> {
    return new Worker(
      name,
      processor,
      { ...times, connection: await this.connection(3) },
      createPostgresBackend,
    );
  }

  /** A direct connection: the library listens and takes session locks, which a pooler would lose. */
  private async connection(max: number) {
    return {
      connectionString: await this.url.direct(),
      ssl: this.url.tls,
      schema: SCHEMA,
      max,
      connectionTimeoutMillis: 3000,
      application_name: 'mcp-server queue',
    };
  }
}
