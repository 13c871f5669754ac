import { Injectable } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { Idempotency, type OnceAnswer } from '../platform/idempotency/idempotency.js';
import { RunCreation, type RunRequest } from './run-creation.service.js';
import { RunDispatcher } from './run-dispatcher.service.js';
import { RunEndings } from './run-endings.service.js';
import { toView } from './run-view.js';
import { type Run as RunView } from './runs.dto.js';

/** Starts runs: written in one transaction with message and idempotency key, queued only after its commit. */
@Injectable()
export class RunIntake {
  constructor(
    private readonly idempotency: Idempotency,
    private readonly creation: RunCreation,
    private readonly dispatcher: RunDispatcher,
    private readonly endings: RunEndings,
  ) {}

  /** Throws as RunCreation and Idempotency.once. */
  async start(
    actor: Actor,
    request: RunRequest,
    once: { key: string | undefined; route: string; body: unknown },
  ): Promise<OnceAnswer<RunView>> {
    const agentName = await this.creation.agentOf(actor, request);
    let interrupted: readonly string[] = [];
    const answer = await this.idempotency.once(actor, once, async (transaction) => {
      const created = await this.creation.create(actor, request, agentName, transaction);
      interrupted = created.interrupted;
      return { status: 202, body: toView(created.run) };
    });
    if (answer.replayed) return answer;
    const { id, agent, conversationId = null } = answer.body;
    for (const other of interrupted) await this.endings.cancel({ id: other, agent, conversationId });
    await this.dispatcher.enqueue({ id, fence: 0 });
    return answer;
  }

  /** Starts a run for a caller inside this program, such as another protocol's door. */
  async create(actor: Actor, request: RunRequest): Promise<RunView> {
    return (await this.start(actor, request, { key: undefined, route: '', body: undefined })).body;
  }
}
