/** A piece of work that waits. It names what to do; the truth about it is a row elsewhere. */
export interface QueueJob {
  /** Letters, digits, `-` and `_`. A job whose id already waits or runs is not added again. */
  readonly id: string;
  readonly data: Readonly<Record<string, string>>;
  /** Not before this time has passed. */
  readonly delayMs?: number;
}

/** Takes jobs of one queue. */
export interface QueueWorker {
  /** Takes no more jobs; those that run go on. */
  pause(): Promise<void>;
  /** Takes no more jobs and waits for those that run. */
  close(): Promise<void>;
}

export interface WorkOptions {
  /** Jobs at once in this process. */
  readonly concurrency: number;
}

/**
 * Work for whichever instance is free. At least once: a job of a worker that died is given to another one, so a
 * handler must ask its row whether there is anything to do. A handler that throws is not called again.
 */
export abstract class Queue {
  abstract add(queue: string, job: QueueJob): Promise<void>;
  abstract work(
    queue: string,
    handler: (job: QueueJob) => Promise<void>,
    options: WorkOptions,
  ): Promise<QueueWorker>;
  /** Jobs that wait to be taken. */
  abstract waiting(queue: string): Promise<number>;
  /** Makes the tables that the queue needs, where it needs any. Called behind the migration lock. */
  abstract migrate(): Promise<void>;
  abstract close(): Promise<void>;
}
