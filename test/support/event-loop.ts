import { setTimeout as wait } from 'node:timers/promises';

const TICK_MS = 5;

/**
 * The longest time, in milliseconds, for which `work` held the event loop up. On a busy machine a process waits for its
 * turn too: of a time between two ticks only what this process computed in it counts, and a high value is measured again,
 * because what blocks by itself blocks each time.
 */
export async function longestDelay(work: () => Promise<void>, below = 100): Promise<number> {
  let shortest = Infinity;
  for (let attempt = 0; attempt < 4 && shortest >= below; attempt += 1)
    shortest = Math.min(shortest, await measure(work));
  return shortest;
}

async function measure(work: () => Promise<void>): Promise<number> {
  let longest = 0;
  let at = performance.now();
  let cpu = process.cpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(cpu);
    longest = Math.max(longest, Math.min(performance.now() - at, (user + system) / 1_000));
    at = performance.now();
    cpu = process.cpuUsage();
  }, TICK_MS);
  try {
    await wait(20);
    await work();
    await wait(20);
  } finally {
    clearInterval(timer);
  }
  return longest;
}
