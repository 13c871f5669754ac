/** US dollars per million tokens. */
export interface ModelPrice {
  readonly input: number;
  readonly output: number;
  /** Input that the provider had in its cache. Default: `input`. */
  readonly cached?: number;
  /** Input that the provider put into its cache. Default: `input`. */
  readonly cacheWrite?: number;
}

/**
 * List prices in US dollars per million tokens, as providers published them in late 2025. They change: an operator
 * who pays by them sets MODEL_PRICES_FILE.
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
  'openai:gpt-4o-mini': { input: 0.15, cached: 0.075, output: 0.6 },
  'anthropic:claude-opus-4-5': { input: 5, cached: 0.5, cacheWrite: 6.25, output: 25 },
  'anthropic:claude-sonnet-4-5': { input: 3, cached: 0.3, cacheWrite: 3.75, output: 15 },
  'anthropic:claude-haiku-4-5': { input: 1, cached: 0.1, cacheWrite: 1.25, output: 5 },
  'google:gemini-2.5-pro': { input: 1.25, cached: 0.125, output: 10 },
  'google:gemini-2.5-flash': { input: 0.3, cached: 0.03, output: 2.5 },
  'google:gemini-2.5-flash-lite': { input: 0.1, cached: 0.01, output: 0.4 },
};
