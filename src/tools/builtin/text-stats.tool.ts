import { z } from 'zod';
import { defineTool } from '../define-tool.js';
import { answer } from '../tool-result.js';

const WORDS_PER_MINUTE = 230;

export const textStats = defineTool({
  name: 'text_stats',
  title: 'Text statistics',
  description:
    'Counts the characters, words, sentences, lines and paragraphs of a text, and says how long it takes to read.',
  input: z.object({
    text: z.string().max(200_000).describe('The text to count.'),
  }),
  output: z.object({
    characters: z.int(),
    charactersWithoutSpaces: z.int(),
    words: z.int(),
    uniqueWords: z.int(),
    sentences: z.int(),
    lines: z.int(),
    paragraphs: z.int(),
    bytes: z.int(),
    readingSeconds: z.int(),
    topWords: z.array(z.object({ word: z.string(), count: z.int() })),
  }),
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  run({ text }) {
    const words = segments(text, 'word').map((word) => word.toLowerCase());
    const counts = new Map<string, number>();
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    const characters = [...text];
    const stats = {
      characters: characters.length,
      charactersWithoutSpaces: characters.filter((character) => character.trim() !== '').length,
      words: words.length,
      uniqueWords: counts.size,
      sentences: segments(text, 'sentence').filter((sentence) => sentence.trim() !== '').length,
      lines: text === '' ? 0 : text.split(/\r\n|\r|\n/).length,
      paragraphs: text.split(/(?:\r?\n[ \t]*){2,}/).filter((part) => part.trim() !== '').length,
      bytes: Buffer.byteLength(text),
      readingSeconds: Math.round((words.length / WORDS_PER_MINUTE) * 60),
      topWords: [...counts]
        .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
        .slice(0, 5)
        .map(([word, count]) => ({ word, count })),
    };
    return answer(
      `${stats.words} words, ${stats.characters} characters, ${stats.sentences} sentences, ${stats.lines} lines, ` +
        `${stats.paragraphs} paragraphs; about ${stats.readingSeconds} s to read.`,
      stats,
    );
  },
});

/** The words or sentences of a text in any language (Unicode TR29, as Intl.Segmenter does it). */
function segments(text: string, granularity: 'word' | 'sentence'): string[] {
  return [...new Intl.Segmenter('en', { granularity }).segment(text)]
    .filter(({ isWordLike }) => granularity === 'sentence' || isWordLike === true)
    .map(({ segment }) => segment);
}
