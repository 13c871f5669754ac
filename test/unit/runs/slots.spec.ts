import { expect, it } from '@jest/globals';
import { Slots } from '../../../src/runs/slots.js';

async function taken(slots: Slots, log: string[], name: string): Promise<void> {
  await slots.take();
  log.push(name);
}

it('lets in as many as there are places, and the others in the order in which they came', async () => {
  const slots = new Slots(2);
  const log: string[] = [];
  const all = ['a', 'b', 'c', 'd'].map((name) => taken(slots, log, name));
  await Promise.all(all.slice(0, 2));
  expect([log, slots.tryTake()]).toEqual([['a', 'b'], false]);
  slots.give();
  await all[2];
  expect([log, slots.tryTake()]).toEqual([['a', 'b', 'c'], false]);
  slots.give();
  slots.give();
  await all[3];
  expect([log, slots.tryTake(), slots.tryTake()]).toEqual([['a', 'b', 'c', 'd'], true, false]);
});

it('lets all who wait go on when it is opened, and counts them', async () => {
  const slots = new Slots(1);
  await slots.take();
  const waiting = [slots.take(), slots.take()];
  slots.open();
  await Promise.all(waiting);
  slots.give();
  slots.give();
  expect(slots.tryTake()).toBe(false);
  slots.give();
  expect(slots.tryTake()).toBe(true);
});
