import { describe, expect, it } from '@jest/globals';
import { difference, readable } from '../../scripts/docs/transcript.mjs';

describe('npm run docs:check compares what is printed with what came', () => {
  it.each([
    ['a\nb', 'before\na\nb\nafter', true],
    ['a … c', 'a b c', true],
    ['a\n…\nd', 'a\nb\nc\nd', true],
    ['a\nc', 'a\nb\nc', false],
    ['a\n…\ne', 'a\nb\nc\nd', false],
    ['434', '4340', false],
    ['a.c', 'abc', false],
  ])('%j against %j: %j', (printed, real, same) => {
    expect(difference(printed, real) === undefined).toBe(same);
  });

  it('reads output as a person does, with the address of the page', () => {
    const real = '\u001b[32mready\u001b[39m on http://127.0.0.1:4711\r\n';
    expect(readable(real, 'http://127.0.0.1:4711')).toBe('ready on http://127.0.0.1:8000\n');
  });
});
