import { ChatOpenAICompletions } from '@langchain/openai';

type Convert = ChatOpenAICompletions['_convertCompletionsDeltaToBaseMessageChunk'];

/** Chat completions, also of servers that never say whose message they stream: LangChain would lose its tool calls. */
export class OpenAiCompatibleModel extends ChatOpenAICompletions {
  protected override _convertCompletionsDeltaToBaseMessageChunk(
    ...[delta, raw]: Parameters<Convert>
  ): ReturnType<Convert> {
    return super._convertCompletionsDeltaToBaseMessageChunk({ ...delta, role: 'assistant' }, raw);
  }
}
