import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { cleanUp } from '../support/server-process.js';
import { type ZombiePoint, ZombieRig } from '../support/zombie-rig.js';

const POINTS: readonly ZombiePoint[] = [
  { name: 'while its model answers', model: { request: 1, isBegun: false } },
  {
    name: 'before the tool call is journaled, so that the next worker is the first to make it',
    statement: { when: 'before', label: 'step clerk/t:\\S+ started' },
  },
  {
    name: 'between the journal and the tool call, which the next worker makes',
    statement: { when: 'after', label: 'step clerk/t:\\S+ started' },
    doubtful: 'approve',
  },
  {
    name: 'before the result of its call is journaled, which nobody else knows',
    statement: { when: 'before', label: 'step clerk/t:\\S+ completed' },
    doubtful: 'reject',
  },
  {
    name: 'in the transaction that ends the run',
    statement: { when: 'before', label: '^COMMIT$', once: 'released as \\(' },
  },
];

const rig = new ZombieRig();
beforeAll(() => rig.start(), 180_000);
afterAll(async () => {
  await rig.stop();
  cleanUp();
});

describe('[R26] a worker that stood still for longer than its lease, and wakes, changes and calls nothing', () => {
  it.each(POINTS)('$name', (point) => rig.haunt(point), 120_000);
});
