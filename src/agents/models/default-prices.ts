/** US dollars per million tokens. */
interface Rates {
  readonly input: number;
  readonly output: number;
  /** Input that the provider had in its cache. Default: `input`. */
  readonly cached?: number;
  /** Input that the provider put into its cache. Default: `input`. */
  readonly cacheWrite?: number;
}

export interface ModelPrice extends Rates {
  /** What every token of a call costs whose prompt has more than `above` tokens. */
  readonly long?: Rates & { readonly above: number };
}

/** Pages on which the prices below were looked up on 2026-11-22; the newest stored copy of each was taken. */
export const PRICE_SOURCES: Readonly<Record<string, string>> = {
  // The pages of gpt-5-mini and gpt-5-nano themselves; the others by copies of the price list of 2025-06 and 2026-03.
  openai: 'https://developers.openai.com/api/docs/pricing',
  // With cache writes for five minutes, which is what ANTHROPIC_PROMPT_CACHE asks for.
  anthropic: 'https://platform.claude.com/docs/en/about-claude/pricing',
  google: 'https://ai.google.dev/gemini-api/docs/pricing',
};

const OPUS = { input: 5, cached: 0.5, cacheWrite: 6.25, output: 25 };

/**
 * List prices, standard tier, of models whose price was found on a page of PRICE_SOURCES or a dated copy of it. What
 * could not be confirmed is not here: its cost is unknown, never 0. Prices change: an operator who pays by them sets
 * MODEL_PRICES_FILE, which wins.
 */
export const DEFAULT_PRICES: Readonly<Record<string, ModelPrice>> = {
  'builtin:*': { input: 0, output: 0 },
  'openai:gpt-5': { input: 1.25, cached: 0.125, output: 10 },
  'openai:gpt-5-mini': { input: 0.25, cached: 0.025, output: 2 },
  'openai:gpt-5-nano': { input: 0.05, cached: 0.005, output: 0.4 },
  'openai:gpt-5.1': { input: 1.25, cached: 0.125, output: 10 },
  'openai:gpt-4.1': { input: 2, cached: 0.5, output: 8 },
  'openai:gpt-4.1-mini': { input: 0.4, cached: 0.1, output: 1.6 },
  'openai:gpt-4o': { input: 2.5, cached: 1.25, output: 10 },
  // Cost more than its newer snapshots, and knew no cache.
  'openai:gpt-4o-2024-05-13': { input: 5, output: 15 },
  'openai:gpt-4o-mini': { input: 0.15, cached: 0.075, output: 0.6 },
  'anthropic:claude-opus-5': OPUS,
  'anthropic:claude-opus-4-8': OPUS,
  'anthropic:claude-opus-4-7': OPUS,
  'anthropic:claude-opus-4-6': OPUS,
  'anthropic:claude-opus-4-5': OPUS,
  'anthropic:claude-sonnet-5-5': { input: 2, cached: 0.1, cacheWrite: 2.5, output: 10 },
  'anthropic:claude-sonnet-5': { input: 2, cached: 0.2, cacheWrite: 2.5, output: 10 },
  'anthropic:claude-sonnet-4-5': { input: 3, cached: 0.3, cacheWrite: 3.75, output: 15 },
  'anthropic:claude-haiku-5-5': {
    ...{ input: 0.1, cached: 0.01, cacheWrite: 0.125, output: 0.5 },
    long: { above: 100_000, input: 0.5, cached: 0.05, cacheWrite: 0.625, output: 2.5 },
  },
  'anthropic:claude-haiku-4-5': { input: 1, cached: 0.1, cacheWrite: 1.25, output: 5 },
  'google:gemini-2.5-pro': {
    ...{ input: 1.25, cached: 0.125, output: 10 },
    long: { above: 200_000, input: 2.5, cached: 0.25, output: 15 },
  },
  'google:gemini-2.5-flash': { input: 0.3, cached: 0.03, output: 2.5 },
  // The price of its cached tokens was not found: they count as input.
  'google:gemini-2.5-flash-lite': { input: 0.1, output: 0.4 },
};
