import { Injectable } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { type Actor } from '../common/actor.js';
import { Draining } from '../platform/http/draining.js';
import { ConversationEvents } from './conversation-events.service.js';
import { type RunEvent } from './run-event.js';
import { RunErrors } from './runs.errors.js';
import { RunsService } from './runs.service.js';
import { streamEvents } from './sse.js';

const MAX_PER_USER = 20;
const MAX_IN_PROCESS = 1000;

/** Open event streams of this process, counted. [S39] */
@Injectable()
export class RunStreams {
  private readonly open = new Map<string, number>();
  private total = 0;

  constructor(
    private readonly runs: RunsService,
    private readonly conversations: ConversationEvents,
    private readonly draining: Draining,
  ) {}

  /**
   * Streams the events of a run after number `after`. Resolves when the stream is over, with whether the client left
   * before the run was. Throws `run_not_found` and `too_many_streams` before anything is sent.
   */
  async stream(actor: Actor, id: string, after: number, reply: FastifyReply): Promise<{ left: boolean }> {
    return this.counted(actor, reply, (signal) => this.runs.events(actor, id, after, signal));
  }

  /** The same for all runs of a conversation, from `after` (`<run id>/<number>`) or the first that has not ended. */
  async streamConversation(
    actor: Actor,
    conversationId: string,
    after: string | undefined,
    reply: FastifyReply,
  ): Promise<void> {
    await this.counted(
      actor,
      reply,
      (signal) => this.conversations.events(actor, conversationId, after, signal),
      (event) => `${event.runId}/${event.seq}`,
    );
  }

  private async counted(
    actor: Actor,
    reply: FastifyReply,
    open: (signal: AbortSignal) => Promise<AsyncGenerator<readonly RunEvent[]>>,
    id?: (event: RunEvent) => string,
  ): Promise<{ left: boolean }> {
    const count = this.open.get(actor.userId) ?? 0;
    if (count >= MAX_PER_USER || this.total >= MAX_IN_PROCESS) {
      throw RunErrors.too_many_streams(undefined, { retryAfter: 5 });
    }
    this.count(actor.userId, 1);
    try {
      const stop = new AbortController();
      const signal = AbortSignal.any([stop.signal, this.draining.signal]);
      return await streamEvents(reply, await open(signal), stop, id);
    } finally {
      this.count(actor.userId, -1);
    }
  }

  private count(userId: string, change: 1 | -1): void {
    this.total += change;
    const count = (this.open.get(userId) ?? 0) + change;
    if (count === 0) this.open.delete(userId);
    else this.open.set(userId, count);
  }
}
