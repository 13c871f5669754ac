/**
 * What went wrong, in words no transport owns. The HTTP filter turns a kind into a status (RFC 9110), the MCP
 * adapters turn it into a JSON-RPC error or an `isError` result, the run engine into a run error.
 */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'too_large'
  | 'unsupported_media'
  | 'unprocessable'
  | 'too_many'
  | 'unavailable'
  | 'timeout'
  | 'internal';

/** One wrong field of an input: `field` is a dotted path (`limits.maxSteps`), `message` says how to mend it. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

export interface AppErrorDetails {
  readonly errors?: readonly FieldError[];
  /** Seconds after which the same call may succeed; becomes the `Retry-After` header. */
  readonly retryAfter?: number;
  /** What really happened. Logged, never shown. */
  readonly cause?: unknown;
}

/**
 * The one error that services throw. `code` is stable and listed in docs/errors.md; `message` is safe to show to
 * any caller (no SQL, path, stack, secret or upstream body); the truth goes into `cause`.
 */
export class AppError extends Error {
  readonly errors?: readonly FieldError[];
  readonly retryAfter?: number;

  constructor(
    readonly code: string,
    readonly kind: ErrorKind,
    message: string,
    details: AppErrorDetails = {},
  ) {
    super(message, { cause: details.cause });
    this.name = 'AppError';
    this.errors = details.errors;
    this.retryAfter = details.retryAfter;
  }
}

export interface ErrorSpec {
  readonly kind: ErrorKind;
  readonly message: string;
}

type ErrorFactories<T extends Record<string, ErrorSpec>> = {
  [K in keyof T]: (message?: string, details?: AppErrorDetails) => AppError;
};

const registry = new Map<string, ErrorSpec>();

/**
 * Declares the error codes of one feature, in its `x.errors.ts`. Each code becomes a function that makes the error:
 * `throw RunErrors.run_not_found()`, with a more exact message or details where the caller needs them.
 * A code that is declared twice stops the start: codes are a public contract.
 */
export function defineErrors<const T extends Record<string, ErrorSpec>>(specs: T): ErrorFactories<T> {
  const factories: Record<string, (message?: string, details?: AppErrorDetails) => AppError> = {};
  for (const [code, spec] of Object.entries(specs)) {
    if (registry.has(code)) throw new Error(`Error code "${code}" is declared twice`);
    registry.set(code, spec);
    factories[code] = (message = spec.message, details) => new AppError(code, spec.kind, message, details);
  }
  return factories as ErrorFactories<T>;
}

/** Every code that the loaded features declared, for docs/errors.md and its test. */
export function declaredErrors(): ReadonlyMap<string, ErrorSpec> {
  return registry;
}
