import { ChatAnthropic } from '@langchain/anthropic';
import { type AIMessageChunk } from '@langchain/core/messages';
import { type ChatGenerationChunk } from '@langchain/core/outputs';

/**
 * Anthropic's messages with its own count of tokens: a stream counts the output so far at its start and again, in
 * total, at its end (https://docs.anthropic.com/en/api/messages-streaming); LangChain adds the two.
 */
export class AnthropicMessagesModel extends ChatAnthropic {
  override async *_streamResponseChunks(
    ...args: Parameters<ChatAnthropic['_streamResponseChunks']>
  ): AsyncGenerator<ChatGenerationChunk> {
    let isStart = true;
    for await (const chunk of super._streamResponseChunks(...args)) {
      const counted = (chunk.message as AIMessageChunk).usage_metadata;
      if (isStart && counted !== undefined) {
        counted.total_tokens -= counted.output_tokens;
        counted.output_tokens = 0;
      }
      isStart = false;
      yield chunk;
    }
  }
}
