import { defineErrors } from '../common/app-error.js';

/** Also the codes of a failed run, as far as they come from the run itself. */
export const RunErrors = defineErrors({
  run_not_found: { kind: 'not_found', message: 'There is no such run.' },
  run_in_progress: {
    kind: 'conflict',
    message:
      'A run of this conversation is in progress. Wait for it, cancel it, or use concurrency "enqueue".',
  },
  invalid_event_id: {
    kind: 'invalid',
    message: 'Last-Event-ID must be the id of an event of this conversation: <run id>/<number>.',
  },
  run_not_cancellable: { kind: 'conflict', message: 'The run has ended already.' },
  run_not_retryable: {
    kind: 'conflict',
    message: 'Only a run that failed, was cancelled or expired can be done again.',
  },
  too_many_runs: { kind: 'too_many', message: 'Too many of your runs are waiting; try again later.' },
  too_many_streams: { kind: 'too_many', message: 'Too many event streams are open; close one first.' },
  run_step_limit: { kind: 'unprocessable', message: 'The run reached its limit of model calls (maxSteps).' },
  run_tool_call_limit: {
    kind: 'unprocessable',
    message: 'The run reached its limit of tool calls (maxToolCalls).',
  },
  run_token_limit: { kind: 'unprocessable', message: 'The run reached its limit of tokens (maxTokens).' },
  run_cost_limit: { kind: 'unprocessable', message: 'The run reached its limit of cost (maxCostUsd).' },
  run_repeats_itself: {
    kind: 'unprocessable',
    message:
      'The agent made the same tool call with the same arguments again and again; the run was stopped.',
  },
  run_timeout: { kind: 'timeout', message: 'The run took longer than its limit (timeoutMs).' },
  run_crashed: {
    kind: 'internal',
    message:
      'The server stopped, or its database did not answer, several times during this run; it was given up.',
  },
  sub_agent_failed: { kind: 'unprocessable', message: 'An agent that was asked could not answer.' },
  invalid_agent_output: {
    kind: 'unprocessable',
    message: 'The answer of the agent does not fit the JSON Schema that was asked for.',
  },
  user_disabled: { kind: 'forbidden', message: 'The account that made this run is disabled.' },
});
