import { AIMessage, type BaseMessage } from '@langchain/core/messages';
import { type ChatGenerationChunk } from '@langchain/core/outputs';
import { ChatOpenAIResponses, convertMessagesToResponsesInput } from '@langchain/openai';
import { type OutputItem, ResponseReader } from './response-reader.js';

/**
 * OpenAI's Responses API with nothing kept at the provider: every request carries the whole conversation, so that it goes
 * on after a restart and on any instance. What a model thought before its tool calls comes encrypted, and goes back with
 * them as it came, or not at all: the API refuses one without the other.
 */
export class OpenAiResponsesModel extends ChatOpenAIResponses {
  /** LangChain's own reading knows no failed response, and loses arguments that come without deltas. */
  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this['ParsedCallOptions'],
  ): AsyncGenerator<ChatGenerationChunk> {
    const input = convertMessagesToResponsesInput({
      messages: messages.map(asSent),
      // Takes the output items of a message as they are; `store: false` comes from the field of that name.
      zdrEnabled: false,
      model: this.model,
    });
    const request = { ...this.invocationParams(options), input, stream: true as const };
    const events = await this.completionWithRetry(request, { signal: options.signal });
    const reader = new ResponseReader();
    for await (const event of events) yield* reader.read(event);
  }
}

/** An answer as it goes back: by its output items, where they hold exactly its calls; else by its words and calls. */
function asSent(message: BaseMessage): BaseMessage {
  if (!AIMessage.isInstance(message)) return message;
  const { content, text, tool_calls = [] } = message;
  const blocks = (typeof content === 'string' ? [] : content) as readonly {
    readonly output?: OutputItem[];
  }[];
  const output = blocks.find((block) => block.output !== undefined)?.output ?? [];
  const kept = output.flatMap((item) => (item.type === 'function_call' ? [item.call_id] : []));
  const isWhole = kept.length > 0 && kept.join() === tool_calls.map(({ id }) => id).join();
  return new AIMessage({
    content: text === '' ? [] : text,
    tool_calls,
    ...(isWhole && { response_metadata: { output } }),
  });
}
