import { AIMessage, type BaseMessage } from '@langchain/core/messages';

/**
 * An answer without its provider's blocks (signed thoughts, calls in its own form), which another provider refuses; its
 * calls stand beside them.
 */
export function inPlainWords(message: BaseMessage): BaseMessage {
  if (!AIMessage.isInstance(message) || typeof message.content === 'string') return message;
  return new AIMessage({ content: message.text, tool_calls: message.tool_calls });
}

/** A prompt as a model may read it: blocks go back to the model that wrote them only. */
export function asReadBy(modelId: string, messages: readonly BaseMessage[]): BaseMessage[] {
  return messages.map((message) => {
    const { model_id } = message.response_metadata as Record<string, unknown>;
    return model_id === modelId ? message : inPlainWords(message);
  });
}
