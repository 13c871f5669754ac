import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { CRASH_POINTS } from '../support/crash-points.js';
import { CrashRig } from '../support/crash-rig.js';
import { cleanUp } from '../support/server-process.js';

/** Some of the points; `npm run test:faults` goes through all. */
const SOME = new Set([
  'after the run is committed',
  'after the tool call is journaled',
  'the tool has had its effect',
  'before its end is committed',
  'after the decision is committed',
]);

const rig = new CrashRig();
beforeAll(() => rig.start(), 180_000);
afterAll(async () => {
  await rig.stop();
  cleanUp();
});

describe('[R25] a server that is killed', () => {
  it.each(CRASH_POINTS.filter(({ name }) => SOME.has(name)))('$name', (point) => rig.survive(point), 120_000);
});
