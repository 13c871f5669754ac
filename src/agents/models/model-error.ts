import { AppError } from '../../common/app-error.js';
import { ModelErrors } from './models.errors.js';

const MAX_RETRY_AFTER = 3600;
const CONTEXT = /context.?(length|window|overflow)|prompt is too long|maximum context|too many tokens/i;

/** What provider SDKs, fetch and LangChain put on their errors. */
interface ProviderError {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly status?: unknown;
  /** Where Google's errors have the status. */
  readonly statusCode?: unknown;
  readonly code?: unknown;
  readonly headers?: unknown;
  readonly lc_error_code?: unknown;
  readonly error?: unknown;
  readonly cause?: unknown;
}

/**
 * The stable error of whatever a model provider or its SDK threw. Never shows the provider's text: it may quote the
 * key or the prompt; it stays in `cause`. [R14] [R15] [R16] [R17]
 */
export function modelError(error: unknown): AppError {
  if (error instanceof AppError) {
    // What the guard of the connection says is the provider's failure.
    if (!error.code.startsWith('egress_')) return error;
    const isLate = error.kind === 'timeout';
    return isLate
      ? ModelErrors.model_timeout(undefined, { cause: error })
      : ModelErrors.model_unavailable(undefined, { cause: error });
  }
  const {
    name,
    message,
    statusCode,
    status = statusCode,
    code,
    lc_error_code,
  } = (error ?? {}) as ProviderError;
  const cause = { cause: error };
  const text = typeof message === 'string' ? message : '';
  if (
    lc_error_code === 'CONTEXT_OVERFLOW' ||
    name === 'ContextOverflowError' ||
    code === 'context_length_exceeded'
  ) {
    return ModelErrors.model_context_length(undefined, cause);
  }
  switch (statusOf(error, status)) {
    case 401:
    case 403:
      return ModelErrors.model_unauthorized(undefined, cause);
    case 404:
      return ModelErrors.model_not_found(undefined, cause);
    case 408:
    case 504:
      return ModelErrors.model_timeout(undefined, cause);
    case 413:
      return ModelErrors.model_context_length(undefined, cause);
    case 429:
      return ModelErrors.model_rate_limited(undefined, { ...cause, retryAfter: retryAfterOf(error) });
    case 400:
    case 422:
      return CONTEXT.test(text)
        ? ModelErrors.model_context_length(undefined, cause)
        : ModelErrors.model_request_rejected(undefined, cause);
    default:
      break;
  }
  if (name === 'TimeoutError' || /timed? ?out/i.test(text))
    return ModelErrors.model_timeout(undefined, cause);
  return ModelErrors.model_unavailable(undefined, { ...cause, retryAfter: retryAfterOf(error) });
}

/** The HTTP status, also of an error that came as an event inside a stream that began with 200. */
function statusOf(error: unknown, status: unknown): number | undefined {
  if (typeof status === 'number') return status;
  const { code, error: body } = (error ?? {}) as ProviderError;
  const inner = body as { type?: unknown; error?: { type?: unknown } } | undefined;
  const named = [code, inner?.error?.type, inner?.type].filter((name) => typeof name === 'string');
  return named.map((name) => STREAM_ERRORS[name]).find((known) => known !== undefined);
}

const STREAM_ERRORS: Readonly<Record<string, number>> = {
  authentication_error: 401,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  invalid_prompt: 400,
  invalid_request_error: 400,
};

/** Seconds of a Retry-After header, as a number or an HTTP date (RFC 9110 section 10.2.3). */
function retryAfterOf(error: unknown): number | undefined {
  const headers = ((error ?? {}) as ProviderError).headers;
  const value =
    headers instanceof Headers
      ? headers.get('retry-after')
      : (headers as Record<string, unknown> | undefined)?.['retry-after'];
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const seconds = /^\d+(\.\d+)?$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(0, seconds), MAX_RETRY_AFTER) : undefined;
}
