import { describe, expect, it } from '@jest/globals';
import { findExpression } from '../../../src/tools/builtin/calculator/english.js';
import { findValues, zoneOf } from '../../../src/agents/models/planner/values.js';

describe('arithmetic in words', () => {
  const CASES: [string, string | undefined][] = [
    ['what is 17.5% of 2480?', '17.5 / 100 * 2480'],
    ['What is 12 * (3+4)', '12 * (3+4)'],
    ['how much is 3 plus 4 times 5', '3 + 4 * 5'],
    ['add 19% to 250', '250 * (1 + 19 / 100)'],
    ['20% off 80', '80 * (1 - 20 / 100)'],
    ['calculate the square root of 144', 'sqrt(144)'],
    ['what is seven times eight', '7 * 8'],
    ['sum of 3, 5 and 9', '3 + 5 + 9'],
    ['the average of 2, 4 and 9 please', '(2 + 4 + 9) / 3'],
    ['divide 1,250.50 by 4', '1250.50 / 4'],
    ['2 to the power of 10', '2 ^ 10'],
    ['What percentage of 240 is 30?', '30 / 240 * 100'],
    ['convert 5 km to miles', '5 km to miles'],
    ['how many feet are in 3 miles', '3 miles to feet'],
    ['(1200 - 350) / 17', '(1200 - 350) / 17'],
    ['100 F to celsius is not asked', undefined],
    ['there are 3 files', undefined],
    ['what changed on 2026-11-22', undefined],
    ['call +49', undefined],
    ['show commit 12ab34f', undefined],
    ['pages 4 and 5', undefined],
    ['15 percent of 89.99', '15 / 100 * 89.99'],
    ['subtract 15 from 100', '100 - 15'],
    ['what is 2+2', '2+2'],
    ['half of 37', '1 / 2 * 37'],
    ['six hundred and five divided by twenty-one', '605 / 21'],
    ['3 million minus two thousand', '3000000 - 2000'],
    ['what would 130 reduced by 20% be', '130 * (1 - 20 / 100)'],
    ['three quarters of 80', '3 / 4 * 80'],
    ['what percentage is 45 of 180', '45 / 180 * 100'],
    ['what does 1.5e3 / 4 equal', '1.5e3 / 4'],
    ['19% interest on 250', '19 / 100 * 250'],
    ["what's 1.5k * 3", '1500 * 3'],
  ];
  it.each(CASES)('%s', (text, expression) => {
    expect(findExpression(text)).toBe(expression);
  });
});

describe('values in a text', () => {
  const of = (text: string, kind: string) =>
    findValues(text)
      .filter((value) => value.kind === kind)
      .map(({ value }) => value);
  const CASES: [string, string, unknown[]][] = [
    ['who changed package.json and src/app.ts last?', 'path', ['package.json', 'src/app.ts']],
    ['Read the README, then docs/api.md.', 'path', ['README', 'docs/api.md']],
    ['show .env and ./a/b', 'path', ['.env', './a/b']],
    ['who touched `build` and "my notes/a b.md"', 'path', ['build', 'my notes/a b.md']],
    [
      'The file gradlew: who changed justfile last, and updated VERSION?',
      'path',
      ['gradlew', 'justfile', 'VERSION'],
    ],
    ['when was the file changed last, who changed it last', 'path', []],
    ['the end. What about 3.14, e.g. this?', 'path', []],
    ['open https://example.com/a?b=c.', 'url', ['https://example.com/a?b=c']],
    ['mail ada@example.com', 'email', ['ada@example.com']],
    ["find \"a b\" and 'c d' but not don't", 'quoted', ['a b', 'c d']],
    ['since 2026-01-02 or March 5, 2025 or 7 May 2024', 'date', ['2026-01-02', '2025-03-05', '2024-05-07']],
    ['query {"a": [1, 2]} for a', 'json', [{ a: [1, 2] }]],
    ['commit 3f2a9bc1 please', 'hash', ['3f2a9bc1']],
    ['where is toAppError or MAX_SIZE or ABC-12', 'identifier', ['toAppError', 'MAX_SIZE', 'ABC-12']],
    ['roll three d20 and 1,000 more', 'number', [3, 20, 1000]],
    ['Weather in San Francisco for Ada', 'name', ['San Francisco', 'Ada']],
  ];
  it.each(CASES)('%s: %s', (text, kind, expected) => {
    expect(of(text, kind)).toEqual(expected);
  });

  it('knows time zones by city', () => {
    expect(['tokyo', 'New York', 'Atlantis'].map(zoneOf)).toEqual([
      'Asia/Tokyo',
      'America/New_York',
      undefined,
    ]);
  });
});
