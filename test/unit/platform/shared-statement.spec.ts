import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { SharedStatement } from '../../../src/platform/database/shared-statement.js';

const AWAY = Object.assign(new Error('gone'), { code: 'ECONNRESET' });

/** Writes 'a' alone and, while that is under way, the others; gives what each was told. */
async function writeAll(
  commit: (rows: readonly string[], call: number) => readonly string[],
  repeatable = false,
): Promise<{ told: string[]; batches: string[][] }> {
  const batches: string[][] = [];
  const group = new SharedStatement<string, string>({
    repeatable,
    run: async (rows) => {
      batches.push([...rows]);
      const call = batches.length;
      await delay(10);
      return commit(rows, call);
    },
  });
  const first = group.join('a');
  await delay(1);
  const settled = await Promise.allSettled([first, ...['b', 'c'].map((row) => group.join(row))]);
  const told = settled.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason.message)));
  return { told, batches };
}

describe('a shared statement', () => {
  it('gathers what comes while a batch is under way, and answers each with its own result', async () => {
    const { told, batches } = await writeAll((rows) => rows.map((row) => row.toUpperCase()));
    expect(batches).toEqual([['a'], ['b', 'c']]);
    expect(told).toEqual(['A', 'B', 'C']);
  });

  it('a bad row does not fail its neighbours', async () => {
    const { told, batches } = await writeAll((rows) => {
      if (rows.includes('b')) throw new Error('bad');
      return rows;
    });
    expect(batches).toEqual([['a'], ['b', 'c'], ['b'], ['c']]);
    expect(told).toEqual(['a', 'bad', 'c']);
  });

  it('[R02] who waits for a batch to which the database says nothing does not wait for another', async () => {
    const { told, batches } = await writeAll(() => {
      throw AWAY;
    });
    expect(batches).toEqual([['a']]);
    expect(told).toEqual(['gone', 'gone', 'gone']);
  });

  it('what may be written twice is written again after a broken connection, and then what came later', async () => {
    const { told, batches } = await writeAll((rows, call) => {
      if (call === 1) throw AWAY;
      return rows;
    }, true);
    expect(batches).toEqual([['a'], ['a'], ['b', 'c']]);
    expect(told).toEqual(['a', 'b', 'c']);
  });
});
