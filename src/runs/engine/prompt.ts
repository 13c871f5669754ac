import { type Message } from '../../conversations/message.entity.js';
import { type MessageContent } from '../../conversations/message.js';
import { type PromptMessage } from '../run-context.js';

/**
 * The part of a conversation that comes before one run. Messages of runs that were made later are left out, and each
 * answer follows its question: people may send several messages before the first is answered.
 */
export function precedingOf(
  history: readonly Message[],
  run: { readonly id: string; readonly inputMessageId?: string | null; readonly retryOf?: string | null },
  laterRuns: ReadonlySet<string>,
): Message[] {
  const before = history.filter(
    ({ id, role, runId }) =>
      (role === 'user' || role === 'assistant') &&
      runId !== run.id &&
      // A run that is done again: its question is the input, and what it had begun to say is void.
      id !== (run.inputMessageId ?? '') &&
      (runId === null || (!laterRuns.has(runId) && runId !== (run.retryOf ?? ''))),
  );
  const questions = new Set(before.filter(({ role }) => role === 'user').map(({ runId }) => runId));
  const answersOf = (runId: string | null) =>
    before.filter((message) => message.role === 'assistant' && runId !== null && message.runId === runId);
  return before.flatMap((message) => {
    if (message.role === 'user') return [message, ...answersOf(message.runId)];
    return message.runId !== null && questions.has(message.runId) ? [] : [message];
  });
}

/** The conversation as an agent is shown it: what came before, and the input of its run. */
export function promptOf(preceding: readonly Message[], input: readonly MessageContent[]): PromptMessage[] {
  const prompt = preceding
    .map(({ role, content }) => ({ role: role as PromptMessage['role'], text: textOf(content) }))
    .filter(({ text }) => text !== '');
  return [...prompt, { role: 'user', text: textOf(input) }];
}

export function textOf(content: readonly MessageContent[]): string {
  return content
    .flatMap((part) => (part.type === 'text' ? [part.text] : []))
    .join('\n\n')
    .trim();
}
