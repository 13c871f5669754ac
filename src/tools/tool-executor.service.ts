import { Injectable } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { AppError } from '../common/app-error.js';
import { newId } from '../common/ids.js';
import { checkJson } from '../platform/http/json-body.js';
import { SchemaValidator } from './schema/validator.js';
import { decide } from './tool-access.js';
import { ToolLimits } from './tool-limits.js';
import { ToolPlans } from './tool-plans.service.js';
import { type CallEnd, ToolRecorder } from './tool-recorder.service.js';
import { type RegisteredTool, ToolRegistry } from './tool-registry.service.js';
import { type Ending, ToolRunner } from './tool-runner.service.js';
import { ToolErrors } from './tools.errors.js';
import { type ToolCall, type ToolDefinition, type ToolOutcome, ToolPaused } from './tool.js';

/**
 * The one door to every tool, whoever asks: decide, limit, validate, run under the tool's policy, record.
 * It knows no transport and no SDK, and reads nothing from the database but through the registry's snapshot.
 */
@Injectable()
export class ToolExecutor {
  private readonly inputs = new SchemaValidator({ useDefaults: true });

  constructor(
    private readonly registry: ToolRegistry,
    private readonly limits: ToolLimits,
    private readonly runner: ToolRunner,
    private readonly plans: ToolPlans,
    private readonly recorder: ToolRecorder,
  ) {}

  /**
   * Calls a tool. Throws an AppError when it was not run: `tool_not_found` (also when the caller may not know of it),
   * `tool_changed`, `insufficient_scope`, `tool_disabled`, `tool_unavailable`, `tool_rate_limited`, `tool_busy`,
   * `tool_circuit_open`, `invalid_tool_arguments` (with `errors`). A tool that ran and failed is an outcome with `isError`. A tool that asked
   * the client of a 2026-07-28 call ends with ToolPaused. What `admit` of the call throws is thrown. With `dryRun` or `simulate` nothing is run.
   * Resolves after the record of the call is committed.
   */
  async execute(actor: Actor, call: ToolCall): Promise<ToolOutcome> {
    const tool = await this.registry.find(call.name);
    if (tool === undefined) throw ToolErrors.tool_not_found();
    const { refusal } = decide(tool.definition, actor, call.agent, call.agentTools);
    if (refusal !== undefined) throw refusal();
    if (call.definitionHash !== undefined && call.definitionHash !== tool.definition.definitionHash)
      throw ToolErrors.tool_changed();
    await this.limits.count(actor, tool.definition);

    const callId = newId();
    const startedAt = performance.now();
    const record = (status: CallEnd['status'], mode: CallEnd['mode'], errorCode?: string) =>
      this.recorder.record(actor, call, tool.definition, { callId, startedAt, status, mode, errorCode });
    let ending: Ending;
    try {
      const args = this.validArguments(tool.definition, call.arguments);
      await call.admit?.(tool.definition, args).catch(async (error: unknown) => {
        if (error instanceof AppError) await record('refused', 'live', error.code);
        throw error;
      });
      ending = await this.answer(actor, call, tool, callId, args);
    } catch (error) {
      if (error instanceof AppError && error.code === 'invalid_tool_arguments')
        await record('refused', modeOf(call), error.code);
      if (error instanceof ToolPaused) await record('completed', 'live', 'input_required');
      throw error;
    }
    const mode = ending.cached ? 'cached' : modeOf(call);
    const durationMs = await record(ending.isError ? 'failed' : 'completed', mode, ending.errorCode);
    return { ...ending, callId, durationMs };
  }

  private async answer(
    actor: Actor,
    call: ToolCall,
    tool: RegisteredTool,
    callId: string,
    args: unknown,
  ): Promise<Ending> {
    if (call.dryRun === true) return this.plans.plan(actor, call, tool.definition, args);
    if (call.simulate === true) return this.plans.simulate(tool.definition, args);
    return this.runner.run(actor, call, tool, callId, args);
  }

  /** A copy of the arguments, valid and with defaults. Throws `invalid_tool_arguments`. */
  private validArguments(tool: ToolDefinition, given: unknown): unknown {
    checkJson(given ?? {});
    const args = structuredClone(given ?? {});
    const errors = this.inputs.check(tool.definitionHash, tool.inputSchema, args);
    if (errors !== undefined) throw ToolErrors.invalid_tool_arguments(undefined, { errors });
    return args;
  }
}

function modeOf({ dryRun, simulate }: ToolCall): CallEnd['mode'] {
  if (dryRun === true) return 'dry_run';
  return simulate === true ? 'simulated' : 'live';
}
