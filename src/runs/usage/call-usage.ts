import { type CountedTokens } from '../../agents/models/model-prices.service.js';

/** Tokens and cost of one request to a model. */
export interface SpentCall extends CountedTokens {
  readonly model: string;
  /** Null when nobody gave a price for the model. */
  readonly costUsd: number | null;
  /** The model did not count its tokens itself. */
  readonly estimated: boolean;
  /** It gave no answer: cut off, timed out or stopped. */
  readonly failed?: true;
  /** It is in the sums of its day already. */
  readonly counted?: true;
}

/** Tokens and cost of one step of a run, in all. */
export interface CallUsage extends CountedTokens {
  /** Null when nobody gave a price for a model that was asked. */
  readonly costUsd?: number | null;
  readonly estimated: boolean;
  /** The answer came from the response cache: it cost nothing. */
  readonly cached?: true;
  /** Each request, when there was more than the one that answered. */
  readonly calls?: readonly SpentCall[];
}

type Requested = Omit<SpentCall, 'model'>;

/** What an answer of the response cache uses. */
export const CACHED: CallUsage = {
  ...{ inputTokens: 0, outputTokens: 0, costUsd: 0, estimated: false, cached: true },
};

export function isCached(usage: unknown): boolean {
  return (usage as Partial<CallUsage> | null | undefined)?.cached === true;
}

/** The requests of a step. None when the step has no usage, or did not need any. */
export function requestsOf(usage: unknown): readonly Requested[] {
  const { calls, ...one } = (usage ?? {}) as Partial<CallUsage>;
  if (calls !== undefined) return calls;
  const { inputTokens, outputTokens, costUsd = null, estimated = false, cached } = one;
  if (inputTokens === undefined || outputTokens === undefined || cached === true) return [];
  return [{ ...one, inputTokens, outputTokens, costUsd, estimated }];
}

/** The usage of a step that made these requests; undefined when it made none. */
export function usageOfCalls(calls: readonly SpentCall[]): CallUsage | undefined {
  const [only] = calls;
  if (only === undefined) return undefined;
  const { model: _, failed, counted, ...usage } = only;
  if (calls.length === 1 && failed === undefined && counted === undefined) return usage;
  const sum = (read: (call: SpentCall) => number | undefined) =>
    calls.reduce((all, call) => all + (read(call) ?? 0), 0);
  const [cachedTokens, cacheWriteTokens] = [sum((c) => c.cachedTokens), sum((c) => c.cacheWriteTokens)];
  return {
    inputTokens: sum((call) => call.inputTokens),
    outputTokens: sum((call) => call.outputTokens),
    ...(cachedTokens > 0 && { cachedTokens }),
    ...(cacheWriteTokens > 0 && { cacheWriteTokens }),
    costUsd: calls.some(({ costUsd }) => costUsd === null) ? null : sum(({ costUsd }) => costUsd ?? 0),
    estimated: calls.some(({ estimated }) => estimated),
    calls,
  };
}

/**
 * What a step used, earlier tries of it included. Those were counted when they were stopped and are marked, so that
 * the day does not count them again.
 */
export function withEarlier(earlier: unknown, usage: unknown, model: string): unknown {
  const before = ((earlier ?? {}) as Partial<CallUsage>).calls ?? [];
  if (before.length === 0) return usage;
  const now = requestsOf(usage).map((call): SpentCall => ({ model, ...call }));
  return usageOfCalls([...before.map((call) => ({ ...call, counted: true as const })), ...now]);
}
