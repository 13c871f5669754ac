import { type AIMessageChunk } from '@langchain/core/messages';

/** A tool call as the model wrote it. `broken`: its arguments are no whole JSON object; it must never be run. [R17] */
export interface WrittenCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly broken?: true;
}

interface Fragment {
  readonly id?: string;
  readonly name?: string;
  readonly args?: string;
  readonly index?: number;
}

/**
 * Reads the tool calls of a message. LangChain's own reading completes JSON that a token limit cut off, so that a tool
 * would run with half of a path; this one takes whole objects only. Calls without an id, and parts of a call without an
 * index, are what some OpenAI-compatible servers send.
 */
export function toolCallsOf(message: AIMessageChunk): WrittenCall[] {
  const fragments: readonly Fragment[] = message.tool_call_chunks ?? [];
  if (fragments.length === 0) {
    return (message.tool_calls ?? []).map(({ id = '', name, args }) => ({ id, name, arguments: args }));
  }
  const written: { id: string; name: string; text: string }[] = [];
  for (const { id = '', name = '', args = '', index } of fragments) {
    const previous = written.at(-1);
    const goesOn = index === undefined && name === '' && (id === '' || id === previous?.id);
    if (goesOn && previous !== undefined) previous.text += args;
    else written.push({ id, name, text: args });
  }
  return written.map(({ id, name, text }) => {
    const parsed = wholeObject(text);
    return { id, name, arguments: parsed ?? {}, ...(parsed === undefined && { broken: true }) };
  });
}

function wholeObject(text: string): Record<string, unknown> | undefined {
  // A tool without parameters may be called with nothing at all.
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
