import { AppError } from '../../common/app-error.js';

/** Errors of these kinds that say something about this server, not about the one that it called. */
const OURS = new Set([
  'tool_busy',
  'tool_circuit_open',
  'tool_unavailable',
  'overloaded',
  'draining',
  'database_unavailable',
  'git_unavailable',
]);

/**
 * Did a call fail on its way (no connection, no answer in time, 502/503/504), so that the same call may succeed a
 * moment later? Whoever calls another server says so by the kind of its AppError: `unavailable` or `timeout`. Every
 * other error is an answer: of a wrong call, or of a tool that failed.
 */
export function isTransportFailure(error: unknown): boolean {
  return (
    error instanceof AppError &&
    (error.kind === 'unavailable' || error.kind === 'timeout') &&
    !OURS.has(error.code)
  );
}
