import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CRASH_POINTS } from '../support/crash-points.js';
import { CrashRig } from '../support/crash-rig.js';
import { cleanUp } from '../support/server-process.js';

const rig = new CrashRig();
beforeAll(() => rig.start(), 180_000);
afterAll(async () => {
  await rig.stop();
  cleanUp();
});

describe('[R25] a server that is killed', () => {
  it.each(CRASH_POINTS)('$name', (point) => rig.survive(point));

  it('is back with its run within 30 s', () => {
    const sorted = rig.recoveries.toSorted((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? Infinity;
    console.log(
      `Recovery after SIGKILL at ${sorted.length} points, restart included: median ${median} ms, worst ${sorted.at(-1)} ms`,
    );
    expect(sorted.length).toBeGreaterThanOrEqual(12);
    expect(sorted.at(-1)).toBeLessThan(30_000);
  });
});
