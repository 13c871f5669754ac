import { ChatAnthropic } from '@langchain/anthropic';
import { type AIMessageChunk } from '@langchain/core/messages';
import { type ChatGenerationChunk } from '@langchain/core/outputs';

/**
 * Anthropic's messages with its own count of tokens: a stream counts the output so far at its start and again, in
 * total, at its end (https://docs.anthropic.com/en/api/messages-streaming); LangChain adds the two.
 */
export class AnthropicMessagesModel extends ChatAnthropic {
  constructor(
    fields: ConstructorParameters<typeof ChatAnthropic>[0],
    /** Lets the provider cache everything up to the last message, instructions and tools first. */
    private readonly promptCache: boolean,
  ) {
    super(fields);
  }

  override async *_streamResponseChunks(
    ...[messages, options, run]: Parameters<ChatAnthropic['_streamResponseChunks']>
  ): AsyncGenerator<ChatGenerationChunk> {
    let isStart = true;
    for await (const chunk of super._streamResponseChunks(messages, this.cached(options), run)) {
      const counted = (chunk.message as AIMessageChunk).usage_metadata;
      if (isStart && counted !== undefined) {
        counted.total_tokens -= counted.output_tokens;
        counted.output_tokens = 0;
      }
      isStart = false;
      yield chunk;
    }
  }

  private cached(options: this['ParsedCallOptions']): this['ParsedCallOptions'] {
    return this.promptCache ? { cache_control: { type: 'ephemeral' }, ...options } : options;
  }
}
