import { type EventAgent } from '../run-event.js';
import { type AgentAnswer } from '../run-context.js';
import { type StoredReply, type StoredToolCall } from './messages.js';

/** What the model of one agent said so far, in order. */
export class Dialogue {
  readonly callIds = new Set<string>();
  private readonly replies: { reply: StoredReply; messageId: string }[] = [];
  private steps = 0;

  nextStep(): number {
    this.steps += 1;
    return this.steps - 1;
  }

  add(reply: { reply: StoredReply; messageId: string }): void {
    this.replies.push(reply);
    for (const call of reply.reply.toolCalls) this.callIds.add(call.id);
  }

  /** A call of the last message, as it was written. */
  call(id: string): StoredToolCall | undefined {
    return this.lastCalls.find((call) => call.id === id);
  }

  /** The calls of the last message. */
  get lastCalls(): readonly StoredToolCall[] {
    return this.replies.at(-1)?.reply.toolCalls ?? [];
  }

  answer(by: EventAgent): AgentAnswer {
    const last = this.replies.at(-1);
    if (last === undefined) throw new Error('The agent ended without a model call');
    const { text, model, generatedBy } = last.reply;
    const toolCalls = this.replies.flatMap(({ reply }) =>
      reply.toolCalls.map(({ id, name, arguments: args }) => ({ id, name, arguments: args })),
    );
    return { by, text, messageId: last.messageId, model, generatedBy, toolCalls };
  }
}
