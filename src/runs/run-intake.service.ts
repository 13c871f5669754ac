import { Injectable } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { Idempotency, type OnceAnswer, type OnceRequest } from '../platform/idempotency/idempotency.js';
import { RunCreation, type RunRequest } from './run-creation.service.js';
import { RunDispatcher } from './run-dispatcher.service.js';
import { type EndedRun, RunEndings } from './run-endings.service.js';
import { toView } from './run-view.js';
import { Turns } from './turns.js';
import { Budgets } from './usage/budgets.service.js';
import { type Run as RunView } from './runs.dto.js';

/** Starts runs: written in one transaction with message and idempotency key, queued only after its commit. */
@Injectable()
export class RunIntake {
  /** Posts to one conversation wait here for its row, without a connection. */
  private readonly turns = new Turns();

  constructor(
    private readonly idempotency: Idempotency,
    private readonly creation: RunCreation,
    private readonly dispatcher: RunDispatcher,
    private readonly endings: RunEndings,
    private readonly budgets: Budgets,
  ) {}

  /** Throws `budget_exceeded`, and as RunCreation and Idempotency.once. */
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
    const answer = await this.idempotency.once(actor, once, async (transaction) => {
      await this.budgets.check(actor, transaction);
      const created = await this.creation.create(actor, request, agentName, transaction);
      interrupted = created.interrupted;
      return { status: 202, body: toView(created.run) };
    });
    if (answer.replayed) return answer;
    for (const run of interrupted) await this.endings.cancel(run);
    if (request.conversationId !== undefined) this.dispatcher.announceRunOf(request.conversationId);
    const delayMs = request.startAt === undefined ? 0 : Math.max(0, request.startAt.getTime() - Date.now());
    // Not waited for, it never throws: the run is committed, and its maker should not wait for a worker.
    void this.dispatcher.enqueue({ id: answer.body.id, fence: 0 }, '', delayMs);
    return answer;
  }
}
