import { z } from 'zod';
import { type FieldError } from './app-error.js';

// What is not there is told as that, by every schema.
z.config({ customError: ({ input }) => (input === undefined ? 'is required' : undefined) });

/** An issue of a Standard Schema; zod says more with `code`: unknown members in `keys`, what each alternative refuses in `errors`. */
interface Issue {
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[];
  readonly message: string;
  readonly code?: unknown;
  readonly keys?: unknown;
  readonly errors?: unknown;
}

const MOST = 20;
const MAX_NAME = 100;

/** What a schema refuses, field by field; the first 20. `within` is where the checked value stands in the input. */
export function fieldErrorsOf(issues: readonly Issue[], within?: string): FieldError[] {
  return issues
    .slice(0, MOST)
    .flatMap((issue) => errorsOf(issue, within === undefined ? [] : [within]))
    .slice(0, MOST);
}

function errorsOf(
  { path = [], message, code, keys, errors }: Issue,
  within: readonly string[],
): FieldError[] {
  const at = [...within, ...path.map((part) => String(typeof part === 'object' ? part.key : part))];
  if (code === 'unrecognized_keys' && Array.isArray(keys)) {
    // The issue of an unknown member is the object's, and its path does not end with the member.
    return keys.slice(0, MOST).map((key) => ({
      field: [...at, String(key).slice(0, MAX_NAME)].join('.'),
      message: 'is not known here: check its spelling, or leave it out',
    }));
  }
  const meant = code === 'invalid_union' ? meantOf(errors) : undefined;
  return meant?.slice(0, MOST).flatMap((issue) => errorsOf(issue, at)) ?? [{ field: at.join('.'), message }];
}

/** What is wrong by the only alternative whose type the value has; undefined when there is none, or several. */
function meantOf(errors: unknown): readonly Issue[] | undefined {
  const ofType = ((errors ?? []) as Issue[][]).filter(
    (issues) => !issues.some(({ code, path }) => code === 'invalid_type' && path?.length === 0),
  );
  return ofType.length === 1 ? ofType[0] : undefined;
}
