import { Injectable } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { ConversationsService } from '../conversations/conversations.service.js';
import { EventBus } from '../platform/events/event-bus.js';
import { Bell } from './bell.js';
import { conversationChannel, endsRun, type RunEvent } from './run-event.js';
import { RunHistory } from './run-history.service.js';
import { RunErrors } from './runs.errors.js';
import { RunsRepository } from './runs.repository.js';

/** The bus may lose a wake-up: whoever waits for a run also looks by himself. */
const POLL_MS = 2_000;
const EVENT_ID = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/(\d{1,9})$/;

/** What happens in a conversation: the events of its runs, run after run in the order in which they were made. */
@Injectable()
export class ConversationEvents {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly runs: RunsRepository,
    private readonly history: RunHistory,
    private readonly bus: EventBus,
  ) {}

  /**
   * The events after `after` (`<run id>/<number>`, as the stream gave it), each once and without a gap, then those that
   * come, until `signal` aborts. Without `after` from the first run that has not ended, so that an answer that is being
   * given can be shown whole. Throws `conversation_not_found`, `invalid_event_id`.
   */
  async events(
    actor: Actor,
    conversationId: string,
    after: string | undefined,
    signal: AbortSignal,
  ): Promise<AsyncGenerator<readonly RunEvent[]>> {
    await this.conversations.get(actor, conversationId);
    if (after === undefined)
      return this.follow(conversationId, await this.runs.openEnd(conversationId), signal);
    const [, runId, seq] = EVENT_ID.exec(after) ?? [];
    const run = runId === undefined ? null : await this.runs.find(actor.userId, runId);
    if (run?.conversationId !== conversationId) throw RunErrors.invalid_event_id();
    return this.follow(conversationId, run.position, signal, { id: run.id, after: Number(seq) });
  }

  private async *follow(
    conversationId: string,
    start: string,
    signal: AbortSignal,
    begun?: { readonly id: string; readonly after: number },
  ): AsyncGenerator<readonly RunEvent[]> {
    const bell = new Bell();
    const ring = () => bell.ring();
    const stop = await this.bus.subscribe(conversationChannel(conversationId), ring);
    signal.addEventListener('abort', ring);
    try {
      if (begun !== undefined) yield* this.history.follow(begun.id, begun.after, signal, endsRun);
      let position = start;
      while (!signal.aborted) {
        const heard = bell.next();
        const next = await this.runs.nextAfter(conversationId, position);
        if (next === undefined) await heard(POLL_MS);
        else {
          yield* this.history.follow(next.id, 0, signal, endsRun);
          position = next.position;
        }
      }
    } finally {
      signal.removeEventListener('abort', ring);
      await stop();
    }
  }
}
