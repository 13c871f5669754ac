import { Injectable } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { type Page, type PageQuery } from '../common/page.js';
import { Cursors } from '../platform/secrets/cursors.js';
import { isTerminal } from './run.js';
import { type RunRequest } from './run-creation.service.js';
import { type Run } from './run.entity.js';
import { RunEndings } from './run-endings.service.js';
import { type RunEvent } from './run-event.js';
import { RunHistory } from './run-history.service.js';
import { type RunStep } from './run-step.js';
import { toView } from './run-view.js';
import { type RunQuery, type Run as RunView } from './runs.dto.js';
import { RunErrors } from './runs.errors.js';
import { RunsRepository } from './runs.repository.js';

const RETRYABLE: ReadonlySet<string> = new Set(['failed', 'cancelled', 'expired']);

/** Runs of the caller. One of somebody else is answered like one that never was. New ones: RunIntake. */
@Injectable()
export class RunsService {
  constructor(
    private readonly runs: RunsRepository,
    private readonly endings: RunEndings,
    private readonly history: RunHistory,
    private readonly cursors: Cursors,
  ) {}

  /** Throws `run_not_found`. */
  async get(actor: Actor, id: string): Promise<RunView> {
    return toView(await this.find(actor, id));
  }

  /** Newest first. */
  async list(actor: Actor, query: RunQuery): Promise<Page<RunView>> {
    const { limit, cursor, status, code, conversationId, agent } = query;
    const list = `runs:${JSON.stringify([actor.userId, status, code, conversationId, agent])}`;
    const before = this.cursors.read(list, cursor);
    const rows = await this.runs.list(actor.userId, {
      status,
      code,
      conversationId,
      agent,
      before,
      limit: limit + 1,
    });
    const page = this.cursors.page(list, rows, limit, (run) => run.id);
    return { ...page, items: page.items.map(toView) };
  }

  /** What a run that did not end well needs to be done again. Throws `run_not_found`, `run_not_retryable`. */
  async retryOf(actor: Actor, id: string): Promise<RunRequest> {
    const run = await this.find(actor, id);
    if (!RETRYABLE.has(run.status)) throw RunErrors.run_not_retryable();
    const { conversationId, input, agent, limits, variables, outputSchema } = run;
    const { metadata, priority, simulate, inputMessageId, answerParentId } = run;
    return {
      ...{
        input,
        agent,
        limits,
        variables,
        simulate,
        metadata,
        priority,
        again: { runId: id, inputMessageId, answerParentId },
      },
      ...(outputSchema !== null && { output: { schema: outputSchema } }),
      ...(conversationId !== null && { conversationId }),
    };
  }

  /** Asks a run to stop; it has stopped when its status says so. Throws `run_not_found`, `run_not_cancellable`. */
  async cancel(actor: Actor, id: string): Promise<RunView> {
    const run = await this.find(actor, id);
    if (await this.endings.cancel(run)) return this.get(actor, id);
    const now = await this.find(actor, id);
    if (isTerminal(now.status) && now.status !== 'cancelled') throw RunErrors.run_not_cancellable();
    return toView(now);
  }

  /** Resolves when the run has ended or needs somebody, at the latest after `timeoutMs`, with the run as it is then. */
  async wait(actor: Actor, id: string, timeoutMs: number, signal?: AbortSignal): Promise<RunView> {
    const limit = AbortSignal.timeout(timeoutMs);
    const until = signal === undefined ? limit : AbortSignal.any([limit, signal]);
    let run: Run | undefined;
    const look = async () => {
      run = await this.find(actor, id);
      return isTerminal(run.status) || run.status === 'requires_action';
    };
    await this.history.watchEnd(id, look, until);
    return toView(run ?? (await this.find(actor, id)));
  }

  /** The journal of a run, oldest step first. Throws `run_not_found`. */
  async steps(actor: Actor, id: string, query: PageQuery): Promise<Page<RunStep>> {
    await this.find(actor, id);
    return this.history.steps(id, query);
  }

  /**
   * The events of a run after number `after`, in batches, until it ends, needs somebody, or `signal` aborts.
   * Throws `run_not_found` before it gives the first.
   */
  async events(
    actor: Actor,
    id: string,
    after: number,
    signal: AbortSignal,
  ): Promise<AsyncGenerator<readonly RunEvent[]>> {
    await this.find(actor, id);
    return this.history.follow(id, after, signal);
  }

  /** The run that an earlier, equal tool call of the actor's left waiting for a person. */
  awaitedBy(actor: Actor, call: string): Promise<string | undefined> {
    return this.runs.awaitedBy(actor.userId, call);
  }

  /** Leaves a run to the next equal tool call; null when its answer is given. */
  setAwaited(actor: Actor, id: string, call: string | null): Promise<void> {
    return this.runs.setAwaited(actor.userId, id, call);
  }

  /** How many runs wait and run, over all users; for the state of the service. */
  statistics(): Promise<{ queued: number; running: number }> {
    return this.runs.statistics();
  }

  private async find(actor: Actor, id: string): Promise<Run> {
    const run = await this.runs.find(actor.userId, id);
    if (run === null) throw RunErrors.run_not_found();
    return run;
  }
}
