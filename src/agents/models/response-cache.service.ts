import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Inject, Injectable } from '@nestjs/common';
import { type BaseMessage } from '@langchain/core/messages';
import { type Cache } from 'cache-manager';
import { ENV, type Env } from '../../config/env.js';
import { canonicalHash } from '../../tools/schema/canonical-json.js';
import { type ModelSettings } from '../agent.js';

/** Longer answers (characters of JSON) are not kept. */
const MAX_CHARACTERS = 256 << 10;
/** Why providers say that an answer is whole; everything else is a cut or a refusal. */
const WHOLE = new Set([...['stop', 'end_turn', 'stop_sequence', 'tool_calls', 'tool_use', 'function_call']]);

/** All that decides what a model answers, and whose answer it is. */
export interface CacheableCall {
  readonly userId: string;
  /** `<provider>:<model>`. */
  readonly model: string;
  readonly settings: ModelSettings;
  readonly output?: unknown;
  readonly messages: readonly BaseMessage[];
  readonly tools: readonly unknown[];
}

/** An answer as it is kept. */
export interface CachedAnswer {
  readonly content: BaseMessage['content'];
  readonly text: string;
  readonly calls: readonly {
    readonly id: string;
    readonly name: string;
    readonly arguments: Readonly<Record<string, unknown>>;
  }[];
}

/** Where the answer to a call is kept, and for how long. */
export interface CachePlace {
  readonly key: string;
  readonly ttlMs: number;
}

/**
 * Answers to identical calls of the same user whose temperature is 0: in Redis, else in this process. Off unless
 * MODEL_CACHE_SECONDS or the agent turns it on. Rules are never kept: they are quicker than a look-up.
 */
@Injectable()
export class ResponseCache {
  constructor(
    @Inject(CACHE_MANAGER) private readonly cache: Cache,
    @Inject(ENV) private readonly env: Pick<Env, 'MODEL_CACHE_SECONDS'>,
  ) {}

  /** Undefined when the answer must not be kept or used again. */
  placeOf({ messages, tools, settings, ...call }: CacheableCall): CachePlace | undefined {
    const { cacheSeconds = this.env.MODEL_CACHE_SECONDS, ...asked } = settings;
    if (cacheSeconds === 0 || asked.temperature !== 0) return undefined;
    try {
      const whole = { ...call, asked, messages: messages.map(plain), tools };
      return { key: `model-answer:${canonicalHash(whole)}`, ttlMs: cacheSeconds * 1000 };
    } catch {
      // Text that JSON cannot hold.
      return undefined;
    }
  }

  async read({ key }: CachePlace): Promise<CachedAnswer | undefined> {
    return (await this.cache.get<CachedAnswer>(key)) ?? undefined;
  }

  /** Keeps an answer that `ending` says is whole. */
  async write({ key, ttlMs }: CachePlace, answer: CachedAnswer, ending: unknown): Promise<void> {
    if (typeof ending !== 'string' || !WHOLE.has(ending.toLowerCase())) return;
    if (JSON.stringify(answer).length > MAX_CHARACTERS) return;
    await this.cache.set(key, answer, ttlMs);
  }
}

function plain(message: BaseMessage): unknown {
  const { tool_calls, tool_call_id, status } = message as unknown as Record<string, unknown>;
  return { type: message.getType(), content: message.content, tool_calls, tool_call_id, status };
}
