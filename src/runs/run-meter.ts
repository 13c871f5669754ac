import { type AppError } from '../common/app-error.js';
import { NO_USAGE, type RunLimits, type RunUsage } from './run.js';
import { RunErrors } from './runs.errors.js';

/** Tokens of one model call. */
export interface CallUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly estimated: boolean;
}

/** Counts what a run uses, over its whole tree of agents. Replayed steps count too: a crash is no discount. */
export class RunMeter {
  private used: RunUsage = NO_USAGE;

  constructor(
    private readonly limits: RunLimits,
    /** Stops the whole run. */
    private readonly exceed: (error: AppError) => never,
  ) {}

  get usage(): RunUsage {
    return this.used;
  }

  /** Called before a model call. */
  beginModelCall(): void {
    if (this.used.modelCalls >= this.limits.maxSteps) this.exceed(RunErrors.run_step_limit());
    const tokens = this.used.inputTokens + this.used.outputTokens;
    if (tokens >= this.limits.maxTokens) this.exceed(RunErrors.run_token_limit());
    this.used = { ...this.used, modelCalls: this.used.modelCalls + 1 };
  }

  endModelCall({ inputTokens, outputTokens, estimated }: CallUsage): void {
    this.used = {
      ...this.used,
      inputTokens: this.used.inputTokens + inputTokens,
      outputTokens: this.used.outputTokens + outputTokens,
      estimated: this.used.estimated || estimated,
    };
  }

  /** Called before a tool call. */
  beginToolCall(): void {
    if (this.used.toolCalls >= this.limits.maxToolCalls) this.exceed(RunErrors.run_tool_call_limit());
    this.used = { ...this.used, toolCalls: this.used.toolCalls + 1 };
  }
}

/** The bounds of a run: those of the agent, made stricter by the request, never looser. */
export function boundsOf(agent: RunLimits, requested: Partial<RunLimits>): RunLimits {
  const stricter = (key: keyof RunLimits) => Math.min(agent[key], requested[key] ?? Infinity);
  return {
    maxSteps: stricter('maxSteps'),
    maxToolCalls: stricter('maxToolCalls'),
    maxTokens: stricter('maxTokens'),
    maxCostUsd: stricter('maxCostUsd'),
    timeoutMs: stricter('timeoutMs'),
  };
}
