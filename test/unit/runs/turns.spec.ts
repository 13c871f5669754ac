import { describe, expect, it } from '@jest/globals';
import { Turns } from '../../../src/runs/turns.js';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('taking turns', () => {
  it('keeps the order under one key, lets other keys pass, and survives an error', async () => {
    const turns = new Turns();
    const done: string[] = [];
    const job = (key: string, name: string, ms: number) =>
      turns.take(key, async () => {
        await pause(ms);
        if (name === 'bad') throw new Error('boom');
        done.push(name);
        return name;
      });
    const slow = job('a', 'a1', 40);
    const bad = job('a', 'bad', 0);
    const last = job('a', 'a2', 0);
    const other = job('b', 'b1', 0);
    await expect(bad).rejects.toThrow('boom');
    expect(await Promise.all([slow, last, other])).toEqual(['a1', 'a2', 'b1']);
    expect(done).toEqual(['b1', 'a1', 'a2']);
  });

  it('refuses a line that grows without bound', async () => {
    const turns = new Turns();
    const jobs = Array.from({ length: 501 }, () => turns.take('a', () => pause(1)));
    const results = await Promise.allSettled(jobs);
    expect(results.filter((result) => result.status === 'rejected')).toHaveLength(1);
  });
});
