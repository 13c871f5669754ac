import { RE2JS } from 're2js';

export interface LinearRegExp {
  test(text: string): boolean;
  toString(): string;
}

/**
 * Compiles an ECMAScript pattern for the linear-time engine RE2, so that no pattern can block the process. [S34]
 * Throws when the pattern needs look-around or back references, which no linear engine can do.
 */
export function linearRegExp(pattern: string, flags = ''): LinearRegExp {
  const compiled = RE2JS.compile(translate(pattern), flags.includes('i') ? RE2JS.CASE_INSENSITIVE : 0);
  return {
    test: (text) => compiled.matcher(text).find(),
    // Ajv caches patterns by this text; with the inherited one every pattern would become the first.
    toString: () => `/${pattern}/${flags}`,
  };
}

/** RE2 writes `\u0041` and `\u{41}` as `\x{41}`. */
function translate(pattern: string): string {
  return pattern.replace(
    /\\(?:u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|(.))/gs,
    (all, braced?: string, four?: string) =>
      (braced ?? four) === undefined ? all : `\\x{${braced ?? four}}`,
  );
}

/** The form that Ajv's option `code.regExp` wants. */
export const ajvRegExp = Object.assign((pattern: string, flags: string) => linearRegExp(pattern, flags), {
  code: 'linearRegExp',
});
