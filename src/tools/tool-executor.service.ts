import { createHash } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { AppError } from '../common/app-error.js';
import { newId } from '../common/ids.js';
import { checkJson } from '../platform/http/json-body.js';
import { Metrics } from '../platform/telemetry/metrics.js';
import { knownSecrets } from '../platform/telemetry/secret-mask.js';
import { decide } from './tool-access.js';
import { Ended, withDeadline } from './deadline.js';
import { canonicalJson } from './schema/canonical-json.js';
import { SchemaValidator } from './schema/validator.js';
import { type ToolCallRow } from './tool-call.entity.js';
import { ToolContexts } from './tool-contexts.service.js';
import { ToolLimits } from './tool-limits.js';
import { capResult, outputError, toResult } from './tool-result.js';
import { ToolCallsRepository } from './tool-calls.repository.js';
import { type RegisteredTool, ToolRegistry } from './tool-registry.service.js';
import { ToolErrors } from './tools.errors.js';
import { type ToolCall, type ToolDefinition, type ToolOutcome, ToolPaused, type ToolResult } from './tool.js';

/** Arguments that are longer as JSON are recorded by their hash only. */
const MAX_RECORDED_BYTES = 16 << 10;

type Ending = ToolResult & { readonly errorCode?: string };

/**
 * The one door to every tool, whoever asks: decide, limit, validate, run within the deadline, check, cap, record.
 * It knows no transport and no SDK, and reads nothing from the database but through the registry's snapshot.
 */
@Injectable()
export class ToolExecutor {
  private readonly log = new Logger('Tools');
  private readonly limits = new ToolLimits();
  private readonly inputs = new SchemaValidator({ useDefaults: true });
  private readonly durations: ReturnType<Metrics['histogram']>;
  private readonly outputs = new SchemaValidator({ useDefaults: false });

  constructor(
    private readonly registry: ToolRegistry,
    private readonly calls: ToolCallsRepository,
    private readonly contexts: ToolContexts,
    metrics: Metrics,
  ) {
    this.durations = metrics.histogram({
      name: 'tool_call_duration_seconds',
      help: 'Time of a tool call, from the decision to its record.',
      labelNames: ['kind', 'status'],
    });
  }

  /**
   * Calls a tool. Throws an AppError when it was not run: `tool_not_found` (also when the caller may not know of it),
   * `tool_changed`,
   * `insufficient_scope`, `tool_disabled`, `tool_unavailable`, `tool_rate_limited`, `tool_busy`,
   * `invalid_tool_arguments` (with `errors`). A tool that ran and failed is an outcome with `isError`. A tool that asked
   * the client of a 2026-07-28 call ends with ToolPaused.
   * Resolves after the record of the call is committed.
   */
  async execute(actor: Actor, call: ToolCall): Promise<ToolOutcome> {
    const tool = await this.registry.find(call.name);
    if (tool === undefined) throw ToolErrors.tool_not_found();
    const { refusal } = decide(tool.definition, actor, call.agent, call.agentTools);
    if (refusal !== undefined) throw refusal;
    if (call.definitionHash !== undefined && call.definitionHash !== tool.definition.definitionHash)
      throw ToolErrors.tool_changed();
    this.limits.count(actor, tool.definition);

    const callId = newId();
    const startedAt = performance.now();
    const record = (status: ToolCallRow['status'], errorCode?: string) =>
      this.record(actor, call, tool.definition, { callId, startedAt, status, errorCode });
    let ending: Ending;
    try {
      const args = this.validArguments(tool.definition, call.arguments);
      ending = await this.run(actor, call, tool, callId, args);
    } catch (error) {
      if (error instanceof AppError && error.code === 'invalid_tool_arguments')
        await record('refused', error.code);
      if (error instanceof ToolPaused) await record('completed', 'input_required');
      throw error;
    }
    const durationMs = await record(ending.isError ? 'failed' : 'completed', ending.errorCode);
    return { ...ending, callId, durationMs };
  }

  /** A copy of the arguments, valid and with defaults. Throws `invalid_tool_arguments`. */
  private validArguments(tool: ToolDefinition, given: unknown): unknown {
    checkJson(given ?? {});
    const args = structuredClone(given ?? {});
    const errors = this.inputs.check(tool.definitionHash, tool.inputSchema, args);
    if (errors !== undefined) throw ToolErrors.invalid_tool_arguments(undefined, { errors });
    return args;
  }

  /** Runs the tool and turns every way in which it can end into a result. */
  private async run(
    actor: Actor,
    call: ToolCall,
    { definition, source }: RegisteredTool,
    callId: string,
    args: unknown,
  ): Promise<Ending> {
    const { timeoutMs, maxResultBytes } = definition.policy;
    const hasOutputSchema = definition.outputSchema !== undefined;
    const deadline = Date.now() + timeoutMs;
    try {
      const value = await withDeadline(timeoutMs, call.signal, (signal) =>
        this.limits.slot(definition, signal, async () => {
          if (source === undefined) throw ToolErrors.tool_unavailable();
          return source.run(definition, args, this.contexts.make(actor, call, { callId, deadline, signal }));
        }),
      );
      const whole = knownSecrets.maskJson(toResult(value, hasOutputSchema));
      const result = capResult(whole, maxResultBytes, hasOutputSchema);
      this.checkOutput(definition, result);
      return result.isError ? { ...result, errorCode: 'tool_failed' } : result;
    } catch (error) {
      return this.failure(error, definition, callId);
    }
  }

  private checkOutput(tool: ToolDefinition, result: ToolResult): void {
    if (tool.outputSchema === undefined || result.isError) return;
    const problems = this.outputs.check(
      tool.definitionHash,
      tool.outputSchema,
      result.structuredContent ?? null,
    );
    if (problems !== undefined) throw outputError(problems);
  }

  /** Only texts that were written to be shown are shown; anything else is a reference to the log. */
  private failure(thrown: unknown, tool: ToolDefinition, callId: string): Ending {
    if (thrown instanceof ToolPaused) throw thrown;
    if (thrown instanceof AppError && NOT_RUN.has(thrown.code)) throw thrown;
    const error = toAppError(thrown, tool);
    if (!(thrown instanceof Ended))
      this.log.warn(
        { err: error.cause ?? thrown, tool: tool.name, callId, code: error.code },
        'A tool failed',
      );
    const fields = error.errors?.map(({ field, message }) => `${field} ${message}`).join('; ');
    const text = knownSecrets.mask(`${error.message}${fields ? ` ${fields}` : ''} (ref ${callId})`);
    return { content: [{ type: 'text', text }], isError: true, errorCode: error.code };
  }

  /** Writes the record and returns the duration in milliseconds. */
  private async record(
    actor: Actor,
    call: ToolCall,
    tool: ToolDefinition,
    end: { callId: string; startedAt: number; status: ToolCallRow['status']; errorCode?: string },
  ): Promise<number> {
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
      errorCode: end.errorCode ?? null,
      mode: 'live',
      durationMs,
    });
    this.durations.observe({ kind: tool.kind, status: end.status }, durationMs / 1000);
    return durationMs;
  }
}

/** Thrown from inside a run, these still mean that the tool did not run. */
const NOT_RUN = new Set(['invalid_tool_arguments', 'tool_busy', 'tool_unavailable']);

function toAppError(thrown: unknown, tool: ToolDefinition): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof Ended && thrown.why === 'cancelled') return ToolErrors.tool_cancelled();
  if (thrown instanceof Ended)
    return ToolErrors.tool_timeout(`The tool did not finish within ${tool.policy.timeoutMs} ms.`);
  return ToolErrors.tool_failed('The tool failed', { cause: thrown });
}
