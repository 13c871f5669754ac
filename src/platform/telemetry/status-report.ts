import { Injectable } from '@nestjs/common';

const TIMEOUT_MS = 1000;

/** Numbers of one part, e.g. `{ waiting: 3, running: 1 }`. */
export type Counts = Readonly<Record<string, number>>;

/**
 * What the features tell GET /api/status about themselves. A feature adds its part in a constructor:
 * `status.add('runs', async () => ({ running: await this.runs.countRunning() }))`.
 */
@Injectable()
export class StatusReport {
  private readonly parts = new Map<string, () => Promise<Counts>>();

  add(name: string, read: () => Promise<Counts>): void {
    this.parts.set(name, read);
  }

  /** All parts, read at the same time; one that fails or takes over a second is null. */
  async read(): Promise<Record<string, Counts | null>> {
    const entries = [...this.parts].map(async ([name, read]) => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<null>((resolve) => {
        timer = setTimeout(() => resolve(null), TIMEOUT_MS);
      });
      const counts = await Promise.race([read().catch(() => null), late]);
      clearTimeout(timer);
      return [name, counts] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }
}
