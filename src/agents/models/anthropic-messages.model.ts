import { ChatAnthropic } from '@langchain/anthropic';
import { type AIMessageChunk } from '@langchain/core/messages';
import { type ChatGenerationChunk } from '@langchain/core/outputs';

type CreateStream = ChatAnthropic['createStreamWithRetry'];
type StreamEvents = Awaited<ReturnType<CreateStream>>;
type StreamEvent = StreamEvents extends AsyncIterable<infer T> ? T : never;

async function* withUsage(events: AsyncIterable<StreamEvent>): AsyncGenerator<StreamEvent> {
  for await (const event of events) {
    if (event.type === 'message_start') Object.assign(event.message, { usage: counted(event.message) });
    if (event.type === 'message_delta') Object.assign(event, { usage: counted(event) });
    yield event;
  }
}

/** The usage of an event; nothing where there is none. */
function counted({ usage }: { readonly usage?: object }): object {
  return { input_tokens: 0, output_tokens: 0, ...usage };
}

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

  /** A compatible server may not count at all: LangChain would fail over that. */
  protected override async createStreamWithRetry(
    ...args: Parameters<CreateStream>
  ): ReturnType<CreateStream> {
    const stream = await super.createStreamWithRetry(...args);
    const events = stream[Symbol.asyncIterator].bind(stream);
    stream[Symbol.asyncIterator] = () => withUsage({ [Symbol.asyncIterator]: events });
    return stream;
  }

  private cached(options: this['ParsedCallOptions']): this['ParsedCallOptions'] {
    return this.promptCache ? { cache_control: { type: 'ephemeral' }, ...options } : options;
  }
}
