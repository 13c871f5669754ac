import { type AIMessageChunk, type BaseMessage } from '@langchain/core/messages';
import { type CountedTokens } from './model-prices.service.js';

/** Tokens of a call; `estimated` when the model did not count all of them itself. */
export interface TokenUsage extends CountedTokens {
  readonly estimated: boolean;
}

/** Where a model does not count, four characters are taken for one token. */
const CHARACTERS = 4;

/** Counts what a model call uses while its answer comes in, so that it is known whenever it ends. */
export class TokenCount {
  private input = 0;
  private output = 0;
  private cached = 0;
  private cacheWrite = 0;
  /** Characters that came in. */
  private characters = 0;
  private isGuess = false;
  private begun = false;

  constructor(
    private readonly prompt: readonly BaseMessage[],
    private readonly tools: readonly unknown[] = [],
  ) {}

  /** Did anything come in? */
  get hasBegun(): boolean {
    return this.begun;
  }

  add(chunk: AIMessageChunk): this {
    this.begun = true;
    this.characters += chunk.text.length;
    const calls = chunk.tool_call_chunks ?? [];
    for (const { name = '', args = '' } of calls) this.characters += name.length + args.length;
    if (calls.length === 0 && (chunk.tool_calls ?? []).length > 0)
      this.characters += JSON.stringify(chunk.tool_calls).length;
    this.isGuess ||= chunk.response_metadata['usage_estimated'] === true;
    const told = chunk.usage_metadata;
    if (told === undefined) return this;
    this.input += told.input_tokens;
    this.output += told.output_tokens;
    this.cached += told.input_token_details?.cache_read ?? 0;
    this.cacheWrite += told.input_token_details?.cache_creation ?? 0;
    return this;
  }

  /** What was told so far, and an estimate of what was not: a prompt or a text is never no token at all. */
  get usage(): TokenUsage {
    const guessInput = this.input === 0;
    const guessOutput = this.output === 0 && this.characters > 0;
    return {
      inputTokens: guessInput ? this.promptTokens() : this.input,
      outputTokens: guessOutput ? Math.ceil(this.characters / CHARACTERS) : this.output,
      ...(this.cached > 0 && { cachedTokens: this.cached }),
      ...(this.cacheWrite > 0 && { cacheWriteTokens: this.cacheWrite }),
      estimated: this.isGuess || guessInput || guessOutput,
    };
  }

  private promptTokens(): number {
    const tools = this.tools.length === 0 ? 0 : JSON.stringify(this.tools).length;
    const characters = this.prompt.reduce((sum, { text }) => sum + text.length, tools);
    return Math.ceil(characters / CHARACTERS);
  }
}
