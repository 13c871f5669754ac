import { type Parameter } from './tools.js';
import { type Found } from './values.js';
import { words } from './words.js';

/** The choice of an enumeration that the text names. */
export function findChoice(choices: readonly unknown[], text: string): Found | undefined {
  const said = new Set(words(text));
  const plain = ` ${text.toLowerCase().replace(/[^\p{L}\d]+/gu, ' ')} `;
  const match =
    choices.find((choice) =>
      plain.includes(
        ` ${String(choice)
          .toLowerCase()
          .replace(/[^\p{L}\d]+/gu, ' ')} `,
      ),
    ) ??
    choices.find(
      (choice) => words(String(choice)).length > 0 && words(String(choice)).every((word) => said.has(word)),
    );
  return match === undefined ? undefined : { value: match, sure: true };
}

/** Whether the text asks for, or against, a yes-or-no parameter. */
export function findFlag(parameter: Parameter, text: string): Found | undefined {
  const names = words(parameter.name);
  const said = words(text);
  if (names.length === 0 || !names.every((name) => said.includes(name))) return undefined;
  const negated = new RegExp(String.raw`\b(?:no|not|without|don't)\s+(?:\w+\s+)?${names[0]}`, 'i').test(text);
  return { value: !negated, sure: true };
}
