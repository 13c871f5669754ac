import { Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { untilAborted } from '../common/until-aborted.js';
import { TransportBreaker } from '../platform/resilience/transport-breaker.js';
import { isTransportFailure } from '../platform/resilience/transport-failure.js';
import { Metrics } from '../platform/telemetry/metrics.js';
import { Ended, withDeadline } from './deadline.js';
import { RetryBudget, retrying } from './retry.js';
import { isRepeatable } from './tool-defaults.js';
import { ToolLimits } from './tool-limits.js';
import { ToolErrors } from './tools.errors.js';
import { type ToolDefinition, type ToolKind } from './tool.js';

const MAX_TOOLS = 10_000;
/** Behind these a tool that does not answer in time is a server that does not answer. */
const HANGS_COUNT: ReadonlySet<ToolKind> = new Set(['http', 'openapi', 'mcp']);

interface Guards {
  readonly breaker: TransportBreaker;
  readonly budget: RetryBudget;
}

/** One try of a call. It must end when `signal` aborts; it is not waited for longer. */
export type Try<T> = (signal: AbortSignal, deadline: number) => Promise<T>;

/**
 * Keeps one bad tool from hurting the others and its callers: an overall deadline, a slot of the tool's own, a breaker
 * around each try, and tries again where that is safe. The one layer that retries.
 */
@Injectable()
export class ToolResilience {
  private readonly log = new Logger('Tools');
  private readonly guards = new LRUCache<string, Guards>({ max: MAX_TOOLS });
  private readonly retries: ReturnType<Metrics['counter']>;
  private readonly opened: ReturnType<Metrics['counter']>;

  constructor(
    private readonly limits: ToolLimits,
    metrics: Metrics,
  ) {
    this.retries = metrics.counter({
      name: 'tool_retries_total',
      help: 'Calls of a tool that were tried again after a transport failure.',
      labelNames: ['kind'],
    });
    this.opened = metrics.counter({
      name: 'tool_circuits_opened_total',
      help: 'Times that the breaker of a tool opened.',
      labelNames: ['kind'],
    });
  }

  /**
   * Runs tries of a call under the tool's policy. Rejects with `tool_circuit_open` (nothing was tried), `tool_busy`,
   * Ended (deadline, caller), or what the last try threw.
   */
  async run<T>(tool: ToolDefinition, caller: AbortSignal | undefined, attempt: Try<T>): Promise<T> {
    const { timeoutMs } = tool.policy;
    const { breaker, budget } = this.guardsOf(tool);
    // Before the wait for a slot: the slots of a server that hangs are taken.
    breaker.check();
    const deadline = Date.now() + timeoutMs;
    return withDeadline(timeoutMs, caller, (signal) =>
      this.limits.slot(tool, signal, () =>
        retrying(
          {
            retries: retriesOf(tool),
            deadline,
            signal,
            budget,
            onRetry: () => this.retries.inc({ kind: tool.kind }),
          },
          // A breaker must not wait for work that never ends.
          () => breaker.run(() => untilAborted(attempt(signal, deadline), signal)),
        ),
      ),
    );
  }

  /** Of the tool's breaker here, for a dry run. */
  circuit(tool: ToolDefinition): TransportBreaker['state'] {
    return this.guardsOf(tool).breaker.state;
  }

  private guardsOf(tool: ToolDefinition): Guards {
    const { name, kind } = tool;
    const known = this.guards.get(`${kind} ${name}`);
    if (known !== undefined) return known;
    const breaker = new TransportBreaker({
      isFailure: (error) => isOutage(kind, error),
      onOpen: () => {
        this.opened.inc({ kind });
        this.log.warn({ tool: name }, 'A tool does not answer; its calls are refused for a while');
      },
      refusal: (retryAfter) =>
        ToolErrors.tool_circuit_open(
          `The tool ${name} did not answer its last calls and is left alone for a moment.`,
          { retryAfter },
        ),
    });
    const guards = { breaker, budget: new RetryBudget() };
    this.guards.set(`${kind} ${name}`, guards);
    return guards;
  }
}

/** Tries after the first that a tool may have: none for one that changes something. */
export function retriesOf({ annotations, policy }: ToolDefinition): number {
  return isRepeatable(annotations) ? policy.retries : 0;
}

/** A run of an agent that ends badly says nothing about the way to it; a slow query nothing about its database. */
function isOutage(kind: ToolKind, error: unknown): boolean {
  if (kind === 'agent') return false;
  if (error instanceof Ended) return error.why === 'timeout' && HANGS_COUNT.has(kind);
  if (kind === 'sql') return isTransportFailure(error) && (error as { kind?: string }).kind === 'unavailable';
  return isTransportFailure(error);
}
