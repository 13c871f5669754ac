import { CommonErrors } from '../common/common.errors.js';

/** Callers that may wait for one key. */
const MAX_WAITING = 500;

interface Line {
  tail: Promise<unknown>;
  length: number;
}

/**
 * One after the other, by key, within this process and in order of asking. It does not replace a lock in the database:
 * it keeps those who would wait for the same row from each holding a connection meanwhile.
 */
export class Turns {
  private readonly lines = new Map<string, Line>();

  /** Does `work` when all before it under this key are done. Throws `overloaded` when too many wait. */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const line = this.lines.get(key) ?? { tail: Promise.resolve(), length: 0 };
    if (line.length >= MAX_WAITING) throw CommonErrors.overloaded(undefined, { retryAfter: 1 });
    this.lines.set(key, line);
    line.length += 1;
    const turn = line.tail.then(work);
    line.tail = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      line.length -= 1;
      if (line.length === 0) this.lines.delete(key);
    }
  }
}
