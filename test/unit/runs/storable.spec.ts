import { describe, expect, it } from '@jest/globals';
import { storable } from '../../../src/runs/run-events.sql.js';

describe('JSON for the journal', () => {
  it.each([
    ['NUL', { text: 'a\0b', list: ['\0'] }, { text: 'ab', list: [''] }],
    ['a lone high surrogate', { text: 'cut \ud83d' }, { text: 'cut \ufffd' }],
    ['a lone low surrogate', ['\ude00 cut'], ['\ufffd cut']],
  ])('loses %s, which PostgreSQL cannot hold', (_what, value, held) => {
    expect(JSON.parse(storable(value))).toEqual(held);
  });

  it.each([
    ['whole emojis and control characters', { text: '😀 \u0001\u001f\ud83d\ude00' }],
    ['the same characters written as text', { text: String.raw`\u0000 \ud83d` }],
    ['dates', { at: new Date(0).toJSON(), none: null }],
  ])('keeps %s', (_what, value) => {
    expect(JSON.parse(storable(value))).toEqual(value);
  });
});
