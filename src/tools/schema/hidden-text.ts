import { pointerPart } from './json-schema.js';

/**
 * What people do not see and models read: control characters and terminal sequences, bidirectional controls, characters
 * without width, tags (U+E0000…), variation selectors, fillers. [S64]
 */
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115F\u1160\u2800\u3164\uFFA0\u{E0000}-\u{E0FFF}]|\u034F|\u17B4|\u17B5|[\u180B-\u180F]|[\uFE00-\uFE0F]/gu;
/** Emoji are written with some of these characters; those of the standard's list are what they look like. */
const EMOJI = new RegExp('\\p{RGI_Emoji}', 'gv');
const LAYOUT = new Set(['\t', '\n', '\r']);

export interface HiddenText {
  /** Where: `description`, `inputSchema/properties/city/description`. */
  readonly field: string;
  /** For example `U+202E`. */
  readonly codePoint: string;
}

/** The first hidden character in any text or member name of a JSON value; undefined when there is none. */
export function findHidden(value: unknown, field: string): HiddenText | undefined {
  const open: [unknown, string][] = [[value, field]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [current, at] = next;
    if (typeof current === 'string') {
      const codePoint = hiddenIn(current);
      if (codePoint !== undefined) return { field: at, codePoint };
    } else if (typeof current === 'object' && current !== null) {
      for (const [key, member] of Object.entries(current)) {
        const codePoint = hiddenIn(key);
        if (codePoint !== undefined) return { field: at, codePoint };
        open.push([member, `${at}/${pointerPart(key)}`]);
      }
    }
  }
  return undefined;
}

/** The text with each of them written out, as JSON would: `\\u202e`. */
export function revealHidden(text: string): string {
  return text.replace(HIDDEN, (character) =>
    LAYOUT.has(character)
      ? character
      : [...Array(character.length).keys()]
          .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
          .join(''),
  );
}

function hiddenIn(text: string): string | undefined {
  const [found] =
    text
      .replace(EMOJI, '')
      .match(HIDDEN)
      ?.filter((character) => !LAYOUT.has(character)) ?? [];
  return found === undefined
    ? undefined
    : `U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
