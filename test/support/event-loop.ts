import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * The longest time, in milliseconds, for which `work` held the event loop up. On a busy machine a process waits for its
 * turn too, so a high value is measured again: what blocks by itself blocks each time.
 */
export async function longestDelay(work: () => Promise<void>, below = 100): Promise<number> {
  let shortest = Infinity;
  for (let attempt = 0; attempt < 4 && shortest >= below; attempt += 1) {
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    await wait(20);
    await work();
    await wait(20);
    delay.disable();
    shortest = Math.min(shortest, delay.max / 1e6);
  }
  return shortest;
}
