import { type MessageContent } from './message.js';

const MAX_LENGTH = 80;

/** A title from the first words of a message; null when it has none. Cut between words, never inside a character. */
export function titleFrom(content: readonly MessageContent[]): string | null {
  const text = content
    .map((part) => (part.type === 'text' ? part.text : ''))
    .join(' ')
    .replace(/\s+/g, ' ')
    .trim();
  if (text === '') return null;
  const characters = [...text.slice(0, 4 * MAX_LENGTH)];
  if (characters.length <= MAX_LENGTH) return characters.join('');
  const cut = characters.slice(0, MAX_LENGTH - 1).join('');
  const space = cut.lastIndexOf(' ');
  return `${space > MAX_LENGTH / 2 ? cut.slice(0, space) : cut}…`;
}
