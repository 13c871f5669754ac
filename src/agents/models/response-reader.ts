import { AIMessageChunk } from '@langchain/core/messages';
import { ChatGenerationChunk } from '@langchain/core/outputs';
import { convertResponsesUsageToUsageMetadata, type OpenAIClient } from '@langchain/openai';
import { chunkOf } from './answer-chunks.js';

type Response = OpenAIClient.Responses.Response;
type StreamEvent = OpenAIClient.Responses.ResponseStreamEvent;
export type OutputItem = OpenAIClient.Responses.ResponseOutputItem;
type FunctionCall = OpenAIClient.Responses.ResponseFunctionToolCall;

/** Longer output items (characters of JSON) do not go back to the model. */
const MAX_OUTPUT = 256 << 10;
const ENDINGS: Readonly<Record<string, string>> = { max_output_tokens: 'length' };

/**
 * Reads the events of one response. A call is whole once its item is done: the arguments of any other never parse.
 * https://developers.openai.com/api/reference/resources/responses/streaming-events
 */
export class ResponseReader {
  /** How many characters of the arguments of each call were told. */
  private readonly told = new Map<number, number>();
  private readonly done = new Set<number>();

  /** Throws what the provider says went wrong. */
  *read(event: StreamEvent): Generator<ChatGenerationChunk> {
    switch (event.type) {
      case 'response.output_text.delta':
      case 'response.refusal.delta':
        yield new ChatGenerationChunk({ text: event.delta, message: new AIMessageChunk(event.delta) });
        break;
      case 'response.function_call_arguments.delta':
        yield* this.tell(event.output_index, event.delta);
        break;
      case 'response.output_item.added':
      case 'response.output_item.done':
        if (event.item.type !== 'function_call') break;
        yield* this.tellCall(event.output_index, event.item);
        if (event.type === 'response.output_item.done' && isComplete(event.item))
          this.done.add(event.output_index);
        break;
      case 'response.completed':
      case 'response.incomplete':
        yield* this.end(event.response);
        break;
      case 'response.failed':
        throw failureOf(event.response.error);
      case 'error':
        throw failureOf(event);
      default:
    }
  }

  /** What was not told yet: some servers send the arguments only at the end of a call. */
  private *tellCall(index: number, { call_id: id, name, arguments: args }: FunctionCall) {
    const told = this.told.get(index);
    if (told === undefined) yield* this.tell(index, args, { id, name });
    else if (args.length > told) yield* this.tell(index, args.slice(told));
  }

  private *tell(index: number, args: string, call: object = {}) {
    this.told.set(index, (this.told.get(index) ?? 0) + args.length);
    yield chunkOf({ tool_call_chunks: [{ ...call, index, args, type: 'tool_call_chunk' }] });
  }

  private *end({ status, incomplete_details, usage, output }: Response) {
    for (const index of this.told.keys()) if (!this.done.has(index)) yield* this.tell(index, '{');
    const isWhole = status === 'completed';
    const reason = incomplete_details?.reason ?? 'incomplete';
    const whole = this.told.size > 0 ? 'tool_calls' : 'stop';
    yield chunkOf({
      content: isWhole ? keptOf(output) : '',
      ...(usage && { usage_metadata: convertResponsesUsageToUsageMetadata(usage) }),
      response_metadata: { finish_reason: isWhole ? whole : (ENDINGS[reason] ?? reason) },
    });
  }
}

function isComplete({ status = 'completed' }: FunctionCall): boolean {
  return status === 'completed';
}

/** What has to go back with the results of its calls. `reasoning`: the one kind of block that every other model skips. */
function keptOf(output: readonly OutputItem[]) {
  const reasoning = output.filter((item) => item.type === 'reasoning');
  const isUsable =
    reasoning.length > 0 &&
    reasoning.every((item) => typeof item.encrypted_content === 'string') &&
    output.some((item) => item.type === 'function_call') &&
    JSON.stringify(output).length <= MAX_OUTPUT;
  return isUsable ? [{ type: 'reasoning', output }] : '';
}

/** In the form of the provider's other errors. */
function failureOf(error: { readonly code?: string | null; readonly message?: string } | null): Error {
  const { code, message = 'The response failed' } = error ?? {};
  return Object.assign(new Error(message), { code });
}
