import { EX_NOPERM, EX_UNAVAILABLE } from '../config/exit-codes.js';

/** A failure that the person at the terminal can understand: `message` is printed as it stands. */
export class CliError extends Error {
  constructor(
    message: string,
    readonly exitCode = 1,
  ) {
    super(message);
    this.name = 'CliError';
  }
}

/** RFC 9457, as the server answers (docs/errors.md). */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly traceId?: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

/** The server refused a request. */
export class ApiError extends CliError {
  constructor(readonly problem: Problem) {
    const fields = (problem.errors ?? []).map((error) => `\n  ${error.field}: ${error.message}`).join('');
    super(`${problem.code}: ${problem.detail}${fields}${hint(problem)}`, exitCodeOf(problem.status));
    this.name = 'ApiError';
  }
}

function hint({ code, status, traceId }: Problem): string {
  if (status === 401 && code !== 'invalid_credentials') return '\nLog in:  bin/mcp-server login';
  if (code === 'internal' && traceId !== undefined) return `\nTrace id for the server's log: ${traceId}`;
  return '';
}

function exitCodeOf(status: number): number {
  if (status === 401 || status === 403) return EX_NOPERM;
  return status === 503 ? EX_UNAVAILABLE : 1;
}
