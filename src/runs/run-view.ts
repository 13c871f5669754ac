import { traceIdOf } from '../platform/telemetry/trace-context.js';
import { type Run } from './run.entity.js';
import { type Run as RunResponse } from './runs.dto.js';

/** A run as clients read it: what is not there yet is absent, times are text, so that it can be kept and replayed. */
export function toView(run: Run): RunResponse {
  const traceId = traceIdOf(run.traceparent);
  return {
    id: run.id,
    ...(run.conversationId !== null && { conversationId: run.conversationId }),
    agent: run.agent,
    status: run.status,
    ...(run.output !== null && { output: run.output }),
    ...(run.error !== null && { error: run.error }),
    usage: run.usage,
    priority: run.priority,
    ...(run.startAt !== null && { startAt: run.startAt.toISOString() }),
    ...(run.retryOf !== null && { retryOf: run.retryOf }),
    ...(run.simulate && { simulate: true as const }),
    steps: run.steps,
    ...(traceId !== undefined && { traceId }),
    metadata: run.metadata,
    createdAt: run.createdAt.toISOString(),
    ...(run.startedAt !== null && { startedAt: run.startedAt.toISOString() }),
    ...(run.finishedAt !== null && { finishedAt: run.finishedAt.toISOString() }),
  };
}
