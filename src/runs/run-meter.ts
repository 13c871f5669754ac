import { createHash } from 'node:crypto';
import { type AppError } from '../common/app-error.js';
import { NO_USAGE, type RunLimits, type RunUsage } from './run.js';
import { RunErrors } from './runs.errors.js';
import { type Budget, UsageErrors } from './usage/budget.js';
import { isCached, requestsOf } from './usage/call-usage.js';

/** The same tool with the same arguments: so often in the whole tree of a run, then refused, then the run stops. [S70] */
export const MAX_IDENTICAL_CALLS = 5;
const MAX_REFUSED_CALLS = 3;

/** Counts what a run uses, over its whole tree of agents. Replayed steps count too: a crash is no discount. */
export class RunMeter {
  private used: RunUsage = NO_USAGE;
  /** Of each call how often it was made; the limit of tool calls bounds it. */
  private readonly calls = new Map<string, number>();

  constructor(
    private readonly limits: RunLimits,
    /** Stops the whole run. */
    private readonly exceed: (error: AppError) => never,
    /** What the user's budget of the day leaves to this run. */
    private readonly budget: Budget = {},
  ) {}

  get usage(): RunUsage {
    return this.used;
  }

  /** Called before a model call. */
  beginModelCall(): void {
    if (this.used.modelCalls >= this.limits.maxSteps) this.exceed(RunErrors.run_step_limit());
    const tokens = this.used.inputTokens + this.used.outputTokens;
    if (tokens >= this.limits.maxTokens) this.exceed(RunErrors.run_token_limit());
    if (this.used.costUsd > 0 && this.used.costUsd >= this.limits.maxCostUsd)
      this.exceed(RunErrors.run_cost_limit());
    if (tokens >= (this.budget.tokens ?? Infinity) || this.used.costUsd >= (this.budget.usd ?? Infinity))
      this.exceed(UsageErrors.budget_exceeded());
    this.used = { ...this.used, modelCalls: this.used.modelCalls + 1 };
  }

  /** Adds the usage of a step, as it stands in the journal: all its requests. */
  endModelCall(usage: unknown): void {
    if (isCached(usage)) this.used = { ...this.used, cacheHits: (this.used.cacheHits ?? 0) + 1 };
    for (const { inputTokens, outputTokens, costUsd, estimated } of requestsOf(usage)) {
      this.used = {
        ...this.used,
        inputTokens: this.used.inputTokens + inputTokens,
        outputTokens: this.used.outputTokens + outputTokens,
        costUsd: this.used.costUsd + (costUsd ?? 0),
        ...(costUsd === null && { unpricedCalls: (this.used.unpricedCalls ?? 0) + 1 }),
        estimated: this.used.estimated || estimated,
      };
    }
  }

  /** Called before a tool call. True when the same call was made too often to be made again. */
  beginToolCall(name: string, args: unknown): boolean {
    if (this.used.toolCalls >= this.limits.maxToolCalls) this.exceed(RunErrors.run_tool_call_limit());
    this.used = { ...this.used, toolCalls: this.used.toolCalls + 1 };
    const key = createHash('sha256')
      .update(JSON.stringify([name, args]))
      .digest('base64');
    const times = (this.calls.get(key) ?? 0) + 1;
    this.calls.set(key, times);
    if (times > MAX_IDENTICAL_CALLS + MAX_REFUSED_CALLS) this.exceed(RunErrors.run_repeats_itself());
    return times > MAX_IDENTICAL_CALLS;
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
