import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { Metrics } from '../platform/telemetry/metrics.js';
import { knownSecrets } from '../platform/telemetry/secret-mask.js';
import { canonicalJson } from './schema/canonical-json.js';
import { type ToolCallRow } from './tool-call.entity.js';
import { ToolCallsRepository } from './tool-calls.repository.js';
import { type ToolCall, type ToolDefinition } from './tool.js';

/** Arguments that are longer as JSON are recorded by their hash only. */
const MAX_RECORDED_BYTES = 16 << 10;

export interface CallEnd extends Pick<ToolCallRow, 'status' | 'mode'> {
  readonly callId: string;
  /** performance.now() */
  readonly startedAt: number;
  readonly errorCode?: string;
}

/** Writes down every call, and measures it. */
@Injectable()
export class ToolRecorder {
  private readonly durations: ReturnType<Metrics['histogram']>;

  constructor(
    private readonly calls: ToolCallsRepository,
    metrics: Metrics,
  ) {
    this.durations = metrics.histogram({
      name: 'tool_call_duration_seconds',
      help: 'Time of a tool call, from the decision to its record.',
      labelNames: ['kind', 'status'],
    });
  }

  /** Resolves with the duration in milliseconds, after the record is committed. */
  async record(actor: Actor, call: ToolCall, tool: ToolDefinition, end: CallEnd): Promise<number> {
    const durationMs = Math.round(performance.now() - end.startedAt);
    const given = knownSecrets.maskJson(call.arguments ?? {});
    const json = canonicalJson(given);
    await this.calls.write({
      id: end.callId,
      userId: actor.userId,
      apiKeyId: actor.apiKeyId ?? null,
      tool: tool.name,
      version: tool.version,
      agent: call.agent ?? null,
      runId: call.runId ?? null,
      step: call.step ?? null,
      argumentsHash: createHash('sha256').update(json).digest('hex'),
      arguments: json.length <= MAX_RECORDED_BYTES ? given : null,
      status: end.status,
      mode: end.mode,
      errorCode: end.errorCode ?? null,
      durationMs,
    });
    this.durations.observe({ kind: tool.kind, status: end.status }, durationMs / 1000);
    return durationMs;
  }
}
