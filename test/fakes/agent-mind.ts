import { type Asked, type Mind, type Script } from './llm-server.js';

/** What one agent thinks: its instructions must say "You are {{agent}}." */
export type Character = (asked: Asked) => Script | Promise<Script>;

/** A model that plays every agent by its name in the system prompt. */
export function mindOf(characters: Readonly<Record<string, Character>>): Mind {
  return (asked) => {
    const name = /You are ([\w-]+)\./.exec(asked.system)?.[1] ?? '';
    return characters[name]?.(asked) ?? { kind: 'reply', text: `Nobody is ${name}.` };
  };
}

export const say = (text: string): Script => ({ kind: 'reply', text });

export const calls = (...made: [name: string, args: Record<string, unknown>][]): Script => ({
  kind: 'reply',
  calls: made.map(([name, args]) => ({ name, args })),
});

/** Makes its calls, then answers with what they gave. */
export const worker =
  (name: string, ...made: [tool: string, args: Record<string, unknown>][]): Character =>
  ({ results }) =>
    results.length === 0 ? calls(...made) : say(`${name} says: ${results.join(' and ')}`);
