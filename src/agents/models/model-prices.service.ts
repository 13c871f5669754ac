import { readFileSync } from 'node:fs';
import { Inject, Injectable } from '@nestjs/common';
import { parse } from 'yaml';
import { z } from 'zod';
import { ConfigError, ENV, type Env } from '../../config/env.js';
import { DEFAULT_PRICES, type ModelPrice } from './default-prices.js';

const Dollars = z.number().min(0).max(100_000);
const RATES = { input: Dollars, output: Dollars, cached: Dollars.optional(), cacheWrite: Dollars.optional() };
const Long = z.strictObject({ above: z.int().min(1), ...RATES });
const Prices = z.record(z.string().min(3).max(200), z.strictObject({ ...RATES, long: Long.optional() }));

/** Tokens of a model call; `cachedTokens` and `cacheWriteTokens` are parts of `inputTokens`. */
export interface CountedTokens {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens?: number;
  readonly cacheWriteTokens?: number;
}

/** What models cost: the table of this release, with that of MODEL_PRICES_FILE over it. */
@Injectable()
export class ModelPrices {
  private readonly prices: Readonly<Record<string, ModelPrice>>;

  constructor(@Inject(ENV) env: Pick<Env, 'MODEL_PRICES_FILE'>) {
    this.prices = { ...DEFAULT_PRICES, ...readPrices(env.MODEL_PRICES_FILE) };
  }

  /** What a call cost in US dollars. Undefined when nobody gave a price for the model: not known is not free. */
  costOf(modelId: string, tokens: CountedTokens): number | undefined {
    const price = this.find(modelId);
    if (price === undefined) return undefined;
    const { inputTokens, outputTokens, cachedTokens = 0, cacheWriteTokens = 0 } = tokens;
    const plain = Math.max(0, inputTokens - cachedTokens - cacheWriteTokens);
    const isLong = price.long !== undefined && inputTokens > price.long.above;
    const { input, output, cached = input, cacheWrite = input } = isLong ? price.long : price;
    return (
      (plain * input + cachedTokens * cached + cacheWriteTokens * cacheWrite + outputTokens * output) / 1e6
    );
  }

  /** The price of the id itself, of the id without the date of a snapshot, or of the longest `…*` that begins it. */
  private find(modelId: string): ModelPrice | undefined {
    const exact = this.prices[modelId] ?? this.prices[modelId.replace(/-(\d{8}|\d{4}-\d{2}-\d{2})$/, '')];
    if (exact !== undefined) return exact;
    const [longest] = Object.keys(this.prices)
      .filter((key) => key.endsWith('*') && modelId.startsWith(key.slice(0, -1)))
      .sort((a, b) => b.length - a.length);
    return longest === undefined ? undefined : this.prices[longest];
  }
}

function readPrices(file: string | undefined): Record<string, ModelPrice> {
  if (file === undefined) return {};
  let given: unknown;
  try {
    given = parse(readFileSync(file, 'utf8'), { maxAliasCount: 0 });
  } catch {
    throw new ConfigError(['MODEL_PRICES_FILE must name a YAML or JSON file that can be read']);
  }
  const parsed = Prices.safeParse(given);
  if (parsed.success) return parsed.data;
  const at = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new ConfigError([
    `MODEL_PRICES_FILE must map <provider>:<model> to {input, output} in US dollars per million tokens${at === '' ? '' : `; see ${at}`}`,
  ]);
}
