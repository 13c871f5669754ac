import { Logger } from '@nestjs/common';
import { type Job } from 'bullmq';
import { Queue, type QueueJob, type QueueWorker, type WorkOptions } from './queue.js';

/** What is used of BullMQ's classes; their own types differ by backend. */
export interface AnyQueue {
  add(name: string, data: QueueJob['data'], options: { jobId: string; delay?: number }): Promise<unknown>;
  getWaitingCount(): Promise<number>;
  close(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}
export interface AnyWorker {
  waitUntilReady(): Promise<unknown>;
  pause(doNotWaitActive?: boolean): Promise<void>;
  close(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'failed', listener: (job: unknown, error: Error) => void): unknown;
}
export type Processor = (job: Job<QueueJob['data']>) => Promise<void>;

/** Options of a worker: the lock of a job follows the lease of a run, and the row decides, not a count of stalls. */
export interface WorkerTimes {
  readonly concurrency: number;
  readonly lockDuration: number;
  readonly stalledInterval: number;
  readonly maxStalledCount: number;
}

const JOB_OPTIONS = { removeOnComplete: true, removeOnFail: true, attempts: 1 } as const;

/** Queue over BullMQ; the adapters say where the jobs lie. */
export abstract class BullMqQueue extends Queue {
  protected readonly log = new Logger('Queue');
  private readonly queues = new Map<string, AnyQueue>();
  private readonly workers: AnyWorker[] = [];

  constructor(private readonly leaseSeconds: number) {
    super();
  }

  protected abstract openQueue(name: string): Promise<AnyQueue>;
  protected abstract openWorker(name: string, processor: Processor, times: WorkerTimes): Promise<AnyWorker>;

  async add(queue: string, job: QueueJob): Promise<void> {
    const { id: jobId, data, delayMs: delay } = job;
    await (
      await this.queue(queue)
    ).add(queue, data, { ...JOB_OPTIONS, jobId, ...(delay !== undefined && { delay }) });
  }

  async waiting(queue: string): Promise<number> {
    return (await this.queue(queue)).getWaitingCount();
  }

  async work(
    queue: string,
    handler: (job: QueueJob) => Promise<void>,
    options: WorkOptions,
  ): Promise<QueueWorker> {
    const process: Processor = (job) => handler({ id: job.id ?? '', data: job.data });
    const worker = await this.openWorker(queue, process, {
      concurrency: options.concurrency,
      lockDuration: (this.leaseSeconds * 1000) / 2,
      stalledInterval: (this.leaseSeconds * 1000) / 6,
      maxStalledCount: 1_000_000,
    });
    worker.on('error', this.reportOnce());
    worker.on('failed', (_job, error) => this.log.error({ err: error }, 'A job failed'));
    this.workers.push(worker);
    await worker.waitUntilReady();
    return {
      pause: () => worker.pause(true),
      close: () => worker.close(),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.close().catch(() => undefined)));
    await Promise.all([...this.queues.values()].map((queue) => queue.close().catch(() => undefined)));
  }

  private async queue(name: string): Promise<AnyQueue> {
    const known = this.queues.get(name);
    if (known !== undefined) return known;
    const queue = await this.openQueue(name);
    const meanwhile = this.queues.get(name);
    if (meanwhile !== undefined) {
      await queue.close();
      return meanwhile;
    }
    queue.on('error', this.reportOnce());
    this.queues.set(name, queue);
    return queue;
  }

  /** BullMQ repeats the error of an outage many times a second; one line a minute is enough. */
  private reportOnce(): (error: Error) => void {
    let reported = 0;
    return (error) => {
      if (Date.now() - reported < 60_000) return;
      reported = Date.now();
      this.log.warn(`The queue has a problem: ${error.message}`);
    };
  }
}
