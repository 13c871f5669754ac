// Plain JavaScript, as ajv.js is: a worker thread loads both from the source tree and from dist.
// @ts-check
import { RE2JS } from 're2js';

/** Instructions of a pattern times characters of a text: about 50 ms of a core. */
const MAX_WORK = 10_000_000;
/** Instructions of one pattern: `^[a-z]{1,64}$` has about 130. */
const MAX_PROGRAM = 2_000;

/** A check that would take too long on this value. The value is refused; nothing is said about whether it fits. */
export class TooMuchWork extends Error {
  constructor(message = 'takes too long to check; make it shorter or simpler') {
    super(message);
    this.name = 'TooMuchWork';
  }
}

/**
 * Compiles an ECMAScript pattern for the linear-time engine RE2, so that no pattern can block the process. [S34]
 * Throws when the pattern needs look-around or back references, which no linear engine can do, or is too large.
 * `test` throws TooMuchWork for a text that is too long for the pattern.
 * @param {string} pattern
 * @param {string} [flags]
 * @returns {{ test(text: string): boolean, toString(): string }}
 */
export function linearRegExp(pattern, flags = '') {
  const compiled = RE2JS.compile(translate(pattern), flags.includes('i') ? RE2JS.CASE_INSENSITIVE : 0);
  const size = compiled.programSize();
  if (size > MAX_PROGRAM) throw new Error('the pattern is too large; repeat less');
  return {
    test: (text) => {
      if (size * text.length > MAX_WORK) throw new TooMuchWork();
      return compiled.matcher(text).find();
    },
    // Ajv caches patterns by this text; with the inherited one every pattern would become the first.
    toString: () => `/${pattern}/${flags}`,
  };
}

/**
 * RE2 writes `\u0041` and `\u{41}` as `\x{41}`.
 * @param {string} pattern
 */
function translate(pattern) {
  return pattern.replace(
    /\\(?:u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|(.))/gs,
    (/** @type {string} */ all, /** @type {string} */ braced, /** @type {string} */ four) =>
      (braced ?? four) === undefined ? all : `\\x{${braced ?? four}}`,
  );
}

/** The form that Ajv's option `code.regExp` wants. */
export const ajvRegExp = Object.assign(
  (/** @type {string} */ pattern, /** @type {string} */ flags) => linearRegExp(pattern, flags),
  { code: 'linearRegExp' },
);
