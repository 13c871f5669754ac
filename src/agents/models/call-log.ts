import { type BaseMessage } from '@langchain/core/messages';
import { type AppError } from '../../common/app-error.js';
import { TokenCount, type TokenUsage } from './token-count.js';

/** One request to one model. */
export interface Attempt {
  readonly model: string;
  readonly count: TokenCount;
  /** `refused`: the provider did no work, as far as can be known. */
  state: 'open' | 'answered' | 'refused' | 'failed';
  /** Why the provider ended its answer, when it did. */
  ending?: unknown;
}

/**
 * What one model call came to, with its retries and fallbacks. It is written while the requests are under way: who
 * stops listening to a stream finds here what was used until then.
 */
export class CallLog {
  private readonly attempts: Attempt[] = [];

  begin(model: string, prompt: readonly BaseMessage[], tools: readonly unknown[] = []): Attempt {
    const attempt: Attempt = { model, count: new TokenCount(prompt, tools), state: 'open' };
    this.attempts.push(attempt);
    return attempt;
  }

  /** Requests that used tokens without an answer to show for it: cut off, timed out, or left alone. */
  get wasted(): { readonly model: string; readonly usage: TokenUsage }[] {
    return this.attempts
      .filter(({ state }) => state === 'open' || state === 'failed')
      .map(({ model, count }) => ({ model, usage: count.usage }));
  }

  /** Why the answer ended. */
  get ending(): unknown {
    return this.attempts.find(({ state }) => state === 'answered')?.ending;
  }
}

/** A provider that was late, or that nobody listened to any more, may have worked; one that refused has not. */
export function outcomeOf({ count }: Attempt, failure: AppError, signal?: AbortSignal): Attempt['state'] {
  const mayHaveWorked = count.hasBegun || failure.code === 'model_timeout' || signal?.aborted === true;
  return mayHaveWorked ? 'failed' : 'refused';
}
