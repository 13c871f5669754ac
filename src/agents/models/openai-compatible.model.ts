import { type ChatGenerationChunk } from '@langchain/core/outputs';
import { ChatOpenAICompletions } from '@langchain/openai';
import { inPlainWords } from './own-words.js';

type Convert = ChatOpenAICompletions['_convertCompletionsDeltaToBaseMessageChunk'];

/** Chat completions, also of servers that never say whose message they stream: LangChain would lose its tool calls. */
export class OpenAiCompatibleModel extends ChatOpenAICompletions {
  /** Blocks in an answer are those of the Responses API, which the same model was asked by before. */
  override async *_streamResponseChunks(
    ...[messages, ...rest]: Parameters<ChatOpenAICompletions['_streamResponseChunks']>
  ): AsyncGenerator<ChatGenerationChunk> {
    yield* super._streamResponseChunks(messages.map(inPlainWords), ...rest);
  }

  protected override _convertCompletionsDeltaToBaseMessageChunk(
    ...[delta, raw]: Parameters<Convert>
  ): ReturnType<Convert> {
    return super._convertCompletionsDeltaToBaseMessageChunk({ ...delta, role: 'assistant' }, raw);
  }
}
