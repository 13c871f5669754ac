import { type BaseMessage } from '@langchain/core/messages';

/** Tokens that a prompt may have where the agent says nothing: it fits models of 128,000 with room for the answer. */
export const DEFAULT_CONTEXT_TOKENS = 96_000;

/**
 * The messages of a prompt that fit into so many tokens (four characters are taken for one). The oldest go first; the
 * system prompt, the last question and the newest step always stay. A tool call and its results stay or go together:
 * providers refuse one without the other.
 */
export function fitToWindow(prompt: readonly BaseMessage[], maxTokens: number): BaseMessage[] {
  const groups = groupsOf(prompt);
  let total = groups.reduce((sum, group) => sum + group.tokens, 0);
  if (total <= maxTokens) return [...prompt];
  const question = groups.findLastIndex(({ messages }) => messages[0]?.getType() === 'human');
  const kept = groups.filter((group, index) => {
    const [first] = group.messages;
    if (first?.getType() === 'system' || index === question || index === groups.length - 1) return true;
    if (total <= maxTokens) return true;
    total -= group.tokens;
    return false;
  });
  // Providers want the user to begin.
  const start = kept.findIndex(({ messages }) => messages[0]?.getType() !== 'system');
  while (kept[start]?.messages[0]?.getType() === 'ai' && start < kept.length - 1) kept.splice(start, 1);
  return kept.flatMap(({ messages }) => messages);
}

interface Group {
  readonly messages: BaseMessage[];
  tokens: number;
}

function groupsOf(prompt: readonly BaseMessage[]): Group[] {
  const groups: Group[] = [];
  for (const message of prompt) {
    const previous = groups.at(-1);
    const tokens = tokensOf(message);
    if (message.getType() === 'tool' && previous !== undefined) {
      previous.messages.push(message);
      previous.tokens += tokens;
    } else {
      groups.push({ messages: [message], tokens });
    }
  }
  return groups;
}

function tokensOf(message: BaseMessage): number {
  const { tool_calls = [] } = message as { tool_calls?: readonly unknown[] };
  const calls = tool_calls.length > 0 ? JSON.stringify(tool_calls).length : 0;
  return Math.ceil((message.text.length + calls) / 4) + 4;
}
