import { Queue as BullQueue, Worker } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import {
  type AnyQueue,
  type AnyWorker,
  BullMqQueue,
  type Processor,
  type WorkerTimes,
} from './bullmq-queue.js';

/** Jobs in a Redis of their own (maxmemory-policy noeviction). What it loses, the reconciler adds again. */
export class RedisQueue extends BullMqQueue {
  private readonly connections: Redis[] = [];

  constructor(
    private readonly url: string,
    leaseSeconds: number,
  ) {
    super(leaseSeconds);
  }

  async migrate(): Promise<void> {
    // Redis has no schema.
  }

  override async close(): Promise<void> {
    await super.close();
    for (const connection of this.connections) connection.disconnect();
  }

  protected async openQueue(name: string): Promise<AnyQueue> {
    // Adding fails fast: the run is committed already, and the reconciler adds it again.
    const connection = this.connect({
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      commandTimeout: 2000,
      connectTimeout: 2000,
    });
    await new Promise<void>((resolve) => {
      connection.once('ready', resolve);
      setTimeout(resolve, 2000).unref();
    });
    return new BullQueue(name, { connection });
  }

  protected async openWorker(name: string, processor: Processor, times: WorkerTimes): Promise<AnyWorker> {
    const connection = this.connect({ maxRetriesPerRequest: null, connectTimeout: 2000 });
    return new Worker(name, processor, { ...times, connection });
  }

  private connect(options: RedisOptions): Redis {
    const connection = new Redis(this.url, options);
    connection.on('error', () => undefined); // reported by the queue and the worker
    this.connections.push(connection);
    return connection;
  }
}
