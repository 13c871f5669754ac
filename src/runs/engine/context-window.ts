import { type BaseMessage } from '@langchain/core/messages';

/** Tokens that a prompt may have where the agent says nothing: it fits models of 128,000 with room for the answer. */
export const DEFAULT_CONTEXT_TOKENS = 96_000;
/** A result that must be cut is left at least so many tokens. */
const LEAST_RESULT = 50;
const CHARACTERS = 4;
/** Tokens of what is around a message. */
const FRAME = 4;

/**
 * The messages of a prompt that fit into so many tokens (four characters are taken for one), tools included. The oldest
 * go first; the system prompt, the last question and the newest step always stay, the results of that step cut at their
 * ends when nothing else can go. A tool call and its results stay or go together: providers refuse one without the
 * other. The messages themselves, and the rows that they come from, are never changed.
 */
export function fitToWindow(
  prompt: readonly BaseMessage[],
  maxTokens: number,
  tools: readonly object[] = [],
): BaseMessage[] {
  const room = maxTokens - tools.reduce((sum: number, tool) => sum + tokensOfTool(tool), 0);
  const groups = groupsOf(prompt);
  let total = groups.reduce((sum, group) => sum + group.tokens, 0);
  const question = groups.findLastIndex(({ messages }) => messages[0]?.getType() === 'human');
  const kept = groups.filter((group, index) => {
    const [first] = group.messages;
    if (first?.getType() === 'system' || index === question || index === groups.length - 1) return true;
    if (total <= room) return true;
    total -= group.tokens;
    return false;
  });
  // Providers want the user to begin, also where a window of messages began with an answer.
  const start = kept.findIndex(({ messages }) => messages[0]?.getType() !== 'system');
  while (kept[start]?.messages[0]?.getType() === 'ai' && start < kept.length - 1) {
    total -= kept[start].tokens;
    kept.splice(start, 1);
  }
  return cutResults(
    kept.flatMap(({ messages }) => messages),
    total - room,
  );
}

/** Cuts results of tools, the longest first, until `excess` tokens less are left. */
function cutResults(messages: BaseMessage[], excess: number): BaseMessage[] {
  const shown = [...messages];
  const results = [...shown.entries()]
    .filter(([, message]) => message.getType() === 'tool')
    .sort(([, a], [, b]) => b.text.length - a.text.length);
  let left = excess;
  for (const [index, message] of results) {
    if (left <= 0) break;
    const before = tokensOf(message);
    const keep = Math.max(LEAST_RESULT, before - FRAME - left);
    if (before - FRAME <= keep) continue;
    const cut = shortened(message, keep);
    shown[index] = cut;
    left -= before - tokensOf(cut);
  }
  return shown;
}

/** The same result with fewer tokens, which says of itself that it is cut. */
function shortened(message: BaseMessage, tokens: number): BaseMessage {
  const { text } = message;
  const note = `\n[Cut here: ${text.length} characters do not fit into the context. Ask for less.]`;
  const head = text.slice(0, Math.max(0, tokens * CHARACTERS - note.length)).replace(/[\uD800-\uDBFF]$/, '');
  const copy = Object.assign(Object.create(Object.getPrototypeOf(message) as object), message) as BaseMessage;
  copy.content = head + note;
  return copy;
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

/** Estimated tokens of a message. */
export function tokensOf(message: BaseMessage): number {
  const { tool_calls = [] } = message as { tool_calls?: readonly unknown[] };
  const calls = tool_calls.length > 0 ? JSON.stringify(tool_calls) : '';
  return tokensIn(message.text + calls) + FRAME;
}

const counted = new WeakMap<object, number>();
/** Counted once: a run tells its model of the same tools again and again. */
function tokensOfTool(tool: object): number {
  const known = counted.get(tool);
  if (known !== undefined) return known;
  const tokens = tokensIn(JSON.stringify(tool));
  counted.set(tool, tokens);
  return tokens;
}

function tokensIn(text: string): number {
  return Math.ceil(text.length / CHARACTERS);
}
