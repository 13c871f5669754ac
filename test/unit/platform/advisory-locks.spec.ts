import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ADVISORY_LOCKS } from '../../../src/platform/database/advisory-locks.js';

const SOURCE = path.resolve(import.meta.dirname, '../../../src');

describe('advisory locks', () => {
  it('have a number each', () => {
    const numbers = Object.values(ADVISORY_LOCKS);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it('are taken by that number only: none is written where it is used', () => {
    const statements = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => {
        const text = readFileSync(path.join(SOURCE, file), 'utf8');
        return [...text.matchAll(/pg_(?:try_)?advisory\w*\([^;]*?;/g)].map(([statement]) => ({
          file,
          statement,
        }));
      })
      .filter(({ statement }) => !statement.includes('unlock'));
    expect(statements.length).toBeGreaterThanOrEqual(8);
    for (const { file, statement } of statements)
      expect([file, statement]).toEqual([file, expect.stringMatching(/ADVISORY_LOCKS\.\w+/)]);
  });
});
