import { type CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager';
import { AIMessageChunk } from '@langchain/core/messages';
import { ChatGenerationChunk } from '@langchain/core/outputs';

/** Gives chunks out, to who reads the stream and to who is called back. */
export async function* told(
  chunks: readonly ChatGenerationChunk[],
  run: CallbackManagerForLLMRun | undefined,
): AsyncGenerator<ChatGenerationChunk> {
  for (const chunk of chunks) {
    yield chunk;
    await run?.handleLLMNewToken(chunk.text, undefined, undefined, undefined, undefined, { chunk });
  }
}

/** A chunk without text. */
export function chunkOf(fields: object): ChatGenerationChunk {
  return new ChatGenerationChunk({ text: '', message: new AIMessageChunk({ content: '', ...fields }) });
}

/** Does the chunk hold something that a reader or a tool would see? */
export function isWorth({ text, message }: ChatGenerationChunk): boolean {
  return text !== '' || ((message as AIMessageChunk).tool_call_chunks?.length ?? 0) > 0;
}

/** Why the provider ended, when it says so: without it the answer was cut off. */
export function endOf({ message, generationInfo }: ChatGenerationChunk): unknown {
  const { finish_reason, stop_reason } = message.response_metadata as Record<string, unknown>;
  const { stop_reason: extra, finishReason } = message.additional_kwargs;
  return generationInfo?.['finish_reason'] ?? finish_reason ?? stop_reason ?? extra ?? finishReason;
}

/** Why providers end an answer before its time. */
const CUT = new Set(['length', 'max_tokens', 'content_filter', 'refusal', 'safety']);

/**
 * Watches for a call whose arguments a limit or a filter cut off before they began: it would be run as one without any.
 */
export class CallWatch {
  private index: number | undefined;
  private isBlank = false;

  add(chunk: AIMessageChunk): void {
    for (const { index, name = '', args = '' } of chunk.tool_call_chunks ?? []) {
      this.isBlank = (name !== '' || this.isBlank) && args.trim() === '';
      this.index = index;
    }
  }

  /** What makes such a call one that never parses; nothing where there is none. */
  *rest(ending: unknown): Generator<ChatGenerationChunk> {
    if (!this.isBlank || !CUT.has(String(ending).toLowerCase())) return;
    yield chunkOf({ tool_call_chunks: [{ index: this.index, args: '{', type: 'tool_call_chunk' }] });
  }
}
