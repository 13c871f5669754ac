import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

const TIMEOUT_MS = 1000;

/** Asks PostgreSQL whether it answers, through the pool that requests use. */
@Injectable()
export class DatabaseProbe {
  private asking?: Promise<unknown>;

  constructor(private readonly dataSource: DataSource) {}

  /**
   * Milliseconds until PostgreSQL answered; rejects after one second. Whoever asks while a question is open shares
   * it: probes never take more than one connection.
   */
  async ping(): Promise<number> {
    const started = performance.now();
    this.asking ??= this.dataSource.query('select 1').finally(() => {
      this.asking = undefined;
    });
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('PostgreSQL did not answer in time')), TIMEOUT_MS);
    });
    try {
      await Promise.race([this.asking, timeout]);
    } finally {
      clearTimeout(timer);
    }
    return Math.round(performance.now() - started);
  }
}
