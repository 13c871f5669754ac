import { AppError } from '../../common/app-error.js';
import { ModelErrors } from './models.errors.js';

/** Variables of the operator that decide whether a provider answers. */
export interface SetUp {
  /** The variable of its key. */
  readonly key?: string;
  /** The variable of its address, when that is not the provider's own. */
  readonly url?: string;
}

/** What chat completions answer for a model that needs the other API. */
const MENDABLE = new Set(['model_request_rejected', 'model_not_found']);
const NO_TOOLS = /not support tool|tool.?choice.{0,20}requires|tool.?call.{0,40}not (supported|enabled)/i;
const NO_SETTING = /(temperature|max_tokens|max_completion_tokens)/i;

/** The same failure in words that say what to mend. Names variables and the model, never what the provider wrote. */
export function explained(failure: AppError, model: string, { key, url }: SetUp = {}): AppError {
  const text = messageOf(failure.cause);
  const details = { cause: failure.cause, retryAfter: failure.retryAfter };
  if (MENDABLE.has(failure.code) && wantsResponses(text)) {
    return ModelErrors.model_request_rejected(
      `${model} calls tools by the Responses API only, which its server does not have or OPENAI_API rules out: choose another model, or give the agent no tools.`,
      details,
    );
  }
  const andAddress = url === undefined ? '' : `, and ${url}: the address usually ends in /v1`;
  switch (failure.code) {
    case 'model_unauthorized':
      return key === undefined
        ? failure
        : ModelErrors.model_unauthorized(
            `The provider of ${model} refuses the key of this server: check ${key}.`,
            details,
          );
    case 'model_not_found':
      return ModelErrors.model_not_found(
        `The provider does not know ${model}: check its name after the colon${andAddress}.`,
        details,
      );
    case 'model_request_rejected':
      if (NO_TOOLS.test(text)) {
        return ModelErrors.model_request_rejected(
          `${model} cannot call tools as its server is set up: choose another model, or give the agent no tools.`,
          details,
        );
      }
      return NO_SETTING.test(text)
        ? ModelErrors.model_request_rejected(
            `${model} refuses a setting: check modelSettings of the agent.`,
            details,
          )
        : failure;
    case 'model_unavailable':
      return url === undefined || !isUnreachable(failure)
        ? failure
        : ModelErrors.model_unavailable(
            `The server of ${model} cannot be reached, or does not speak this API: check that it runs, and ${url}.`,
            details,
          );
    default:
      return failure;
  }
}

/** Does a server say that a model must be asked by the Responses API? Models of OpenAI from gpt-5.4 on do. */
export function wantsResponses(text: string): boolean {
  return /v1\/responses/.test(text);
}

/** Nothing answered, or something that is not the API: not an error that the API itself reports. */
function isUnreachable({ cause }: AppError): boolean {
  for (let error: unknown = cause, depth = 0; depth < 5 && error instanceof Error; depth += 1) {
    if (error instanceof AppError && error.code.startsWith('egress_')) return true;
    if ('status' in error && typeof error.status === 'number') return false;
    if (/connect|fetch failed|ECONNREFUSED|ENOTFOUND/i.test(error.message)) return true;
    error = error.cause;
  }
  return cause === undefined;
}

/** What a provider or its library wrote. */
export function messageOf(cause: unknown): string {
  const { message } = (cause ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : '';
}
