import { type FieldError } from './app-error.js';

/** An issue of a Standard Schema; zod says with `code` and `keys` which members of an object it does not know. */
interface Issue {
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[];
  readonly message: string;
  readonly code?: unknown;
  readonly keys?: unknown;
}

const MOST = 20;
const MAX_NAME = 100;

/** What a schema refuses, field by field; the first 20. `within` is where the checked value stands in the input. */
export function fieldErrorsOf(issues: readonly Issue[], within?: string): FieldError[] {
  return issues
    .slice(0, MOST)
    .flatMap(({ path = [], message, code, keys }) => {
      const at = path.map((part) => String(typeof part === 'object' ? part.key : part));
      if (within !== undefined) at.unshift(within);
      if (code !== 'unrecognized_keys' || !Array.isArray(keys)) return [{ field: at.join('.'), message }];
      // The issue of an unknown member is the object's, and its path does not end with the member.
      return keys.slice(0, MOST).map((key) => ({
        field: [...at, String(key).slice(0, MAX_NAME)].join('.'),
        message: 'is not known here: check its spelling, or leave it out',
      }));
    })
    .slice(0, MOST);
}
