import { defineErrors } from '../../common/app-error.js';

/** What can go wrong with a model. The codes are those of a failed run, too. */
export const ModelErrors = defineErrors({
  model_not_available: {
    kind: 'unavailable',
    message: 'The model is not configured. GET /api/v1/models says what is missing.',
  },
  model_unauthorized: {
    kind: 'unavailable',
    message: 'The model provider refuses the key of this server; an operator must check it.',
  },
  model_not_found: {
    kind: 'unprocessable',
    message: 'The model provider does not know this model; check its name in LLM_MODEL or in the agent.',
  },
  model_rate_limited: {
    kind: 'too_many',
    message: 'The model provider limits the rate of requests; try again later.',
  },
  model_context_length: {
    kind: 'unprocessable',
    message: 'The conversation is longer than the context of the model; start a new one or shorten it.',
  },
  model_request_rejected: {
    kind: 'unprocessable',
    message: 'The model provider rejects the request as not valid.',
  },
  model_unavailable: {
    kind: 'unavailable',
    message: 'The model provider does not answer properly; try again later.',
  },
  model_timeout: { kind: 'timeout', message: 'The model provider did not answer in time.' },
});
