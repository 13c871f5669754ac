import { describe, expect, it } from '@jest/globals';
import { StaleFence } from '../../../src/runs/run.js';
import { newEvent } from '../../../src/runs/run-event.js';
import { type LogEntry, type RunLogRepository } from '../../../src/runs/run-log.repository.js';
import { RunWriter } from '../../../src/runs/run-writer.js';

const BY = { name: 'a', path: 'a' };
const delta = (text: string) => newEvent('message.delta', BY, { text });

/** A log that answers as told, and keeps what was written. */
function makeWriter(answer: (entry: LogEntry, call: number) => Promise<boolean>, mayRetry = true) {
  const entries: LogEntry[] = [];
  let holds = false;
  const lost: Error[] = [];
  const log = {
    append: async (entry: LogEntry) => {
      entries.push(entry);
      return answer(entry, entries.length);
    },
    holds: async () => holds,
  } as unknown as RunLogRepository;
  const on = { written: () => undefined, lost: (error: Error) => lost.push(error), mayRetry: () => mayRetry };
  const writer = new RunWriter(log, { id: 'r', fence: 1, lastSeq: 2 }, on);
  return { writer, entries, lost, setHolds: () => (holds = true) };
}

describe('the writer of a run', () => {
  it('numbers on without a gap and keeps the order, whatever is added while it writes', async () => {
    const { writer, entries } = makeWriter(async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return true;
    });
    const texts = Array.from({ length: 50 }, (_, index) => String(index));
    for (const text of texts) {
      writer.emit(delta(text));
      if (Number(text) % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 3));
    }
    await writer.flush();
    expect(entries.flatMap((entry) => entry.events.map((event) => event.data['text']))).toEqual(texts);
    let seq = 2;
    for (const entry of entries) {
      expect(entry.lastSeq).toBe(seq);
      seq += entry.events.length;
    }
    expect(writer.lastSeq).toBe(52);
  });

  it('[R26] a stale fence ends it for good', async () => {
    const { writer, entries, lost } = makeWriter(async () => false);
    writer.emit(delta('x'));
    await expect(writer.flush()).rejects.toBeInstanceOf(StaleFence);
    writer.emit(delta('y'));
    await expect(writer.flush()).rejects.toBeInstanceOf(StaleFence);
    expect(entries).toHaveLength(1);
    expect(lost).toHaveLength(1);
  });

  it('a write whose answer was lost is neither repeated nor taken for a stale fence', async () => {
    const made = makeWriter(async (_, call) => {
      if (call === 1) throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
      return false;
    });
    made.setHolds();
    made.writer.emit(delta('x'));
    await made.writer.flush();
    expect(made.writer.lastSeq).toBe(3);
    expect(made.lost).toEqual([]);
  });

  it('gives up on a database that is away longer than the lease', async () => {
    const { writer, lost } = makeWriter(async () => {
      throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });
    }, false);
    writer.emit(delta('x'));
    await expect(writer.flush()).rejects.toThrow('gone');
    expect(lost).toHaveLength(1);
  });
});
