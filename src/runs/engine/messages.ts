import { type AIMessage, type AIMessageChunk } from '@langchain/core/messages';
import { type LangChain } from './langchain.js';
import { toolCallsOf, type WrittenCall } from './tool-calls.js';

/** A tool call with an id that is its own within the agent. */
export type StoredToolCall = WrittenCall;

/**
 * What a model said, as plain JSON in the journal. It is never handed to LangChain's `load`, which would revive
 * objects of a stored text. [S58]
 */
export interface StoredReply {
  readonly content: AIMessage['content'];
  readonly text: string;
  readonly toolCalls: readonly StoredToolCall[];
  /** The model that answered, and how. */
  readonly model: string;
  readonly generatedBy: 'rules' | 'llm';
}

/** What a model said, now or when its answer was kept. */
export interface Said {
  readonly content: AIMessage['content'];
  readonly text: string;
  readonly calls: readonly WrittenCall[];
}

export function saidIn(message: AIMessageChunk): Said {
  return { content: message.content, text: message.text, calls: toolCallsOf(message) };
}

/**
 * Keeps what matters of a model's message. Ids of tool calls are made unique within the agent, since they name
 * journal rows: `seen` holds those of its earlier messages.
 */
export function toStored(
  { content, text, calls }: Said,
  by: Pick<StoredReply, 'model' | 'generatedBy'>,
  seen: ReadonlySet<string>,
  step: number,
): StoredReply {
  const taken = new Set(seen);
  let isChanged = false;
  const toolCalls = calls.map((call, index) => {
    const usable = /^[\w-]{1,64}$/.test(call.id) && !taken.has(call.id);
    const id = usable ? call.id : `call_m${step}_${index}`;
    isChanged ||= !usable || call.broken === true;
    taken.add(id);
    return { ...call, id };
  });
  // A provider's own blocks hold ids and arguments too; they are given back to it only when they still fit.
  return { content: isChanged ? text : content, text, toolCalls, ...by };
}

/** The same message for LangChain, from a live call and from the journal alike. */
export function toMessage({ AIMessage }: LangChain, reply: StoredReply): AIMessage {
  return new AIMessage({
    content: reply.content as string,
    tool_calls: reply.toolCalls.map(({ id, name, arguments: args }) => ({
      id,
      name,
      args,
      type: 'tool_call',
    })),
    // Blocks are for the model that wrote them.
    response_metadata: { model_id: reply.model },
  });
}
