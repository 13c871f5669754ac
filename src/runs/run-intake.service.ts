import { Injectable } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { Idempotency, type OnceAnswer, type OnceRequest } from '../platform/idempotency/idempotency.js';
import { type Transaction } from '../platform/database/transactions.js';
import { RunCreation, type RunRequest } from './run-creation.service.js';
import { RunDispatcher } from './run-dispatcher.service.js';
import { type EndedRun, RunEndings } from './run-endings.service.js';
import { toView } from './run-view.js';
import { Turns } from './turns.js';
import { type Run as RunView } from './runs.dto.js';

/** Starts runs: committed together with message and idempotency key, queued only after that. */
@Injectable()
export class RunIntake {
  /** Posts to one conversation wait here for its row, without a connection. */
  private readonly turns = new Turns();

  constructor(
    private readonly idempotency: Idempotency,
    private readonly creation: RunCreation,
    private readonly dispatcher: RunDispatcher,
    private readonly endings: RunEndings,
  ) {}

  /** Throws as RunCreation and Idempotency.once. */
  async start(actor: Actor, request: RunRequest, once: OnceRequest): Promise<OnceAnswer<RunView>> {
    const { conversationId } = request;
    if (conversationId === undefined) return this.startNow(actor, request, once);
    return this.turns.take(conversationId, () => this.startNow(actor, request, once));
  }

  /** Starts a run for a caller inside this program, such as another protocol's door. */
  async create(actor: Actor, request: RunRequest): Promise<RunView> {
    return (await this.start(actor, request, { key: undefined, route: '', body: undefined })).body;
  }

  private async startNow(actor: Actor, request: RunRequest, once: OnceRequest): Promise<OnceAnswer<RunView>> {
    const agentName = await this.creation.agentOf(actor, request);
    let interrupted: readonly EndedRun[] = [];
    const make = async (transaction?: Transaction) => {
      const created = await this.creation.create(actor, request, agentName, transaction);
      interrupted = created.interrupted;
      return { status: 202, body: toView(created.run) };
    };
    const isAlone = once.key === undefined && request.conversationId === undefined;
    const answer = isAlone
      ? { ...(await make()), replayed: false }
      : await this.idempotency.once(actor, once, make);
    if (answer.replayed) return answer;
    for (const run of interrupted) await this.endings.cancel(run);
    if (request.conversationId !== undefined) this.dispatcher.announceRunOf(request.conversationId);
    const delayMs = request.startAt === undefined ? 0 : Math.max(0, request.startAt.getTime() - Date.now());
    // Not waited for, it never throws: the run is committed, and its maker should not wait for a worker.
    void this.dispatcher.enqueue({ id: answer.body.id, fence: 0 }, '', delayMs);
    return answer;
  }
}
