import { Injectable } from '@nestjs/common';
import { type Actor } from '../../common/actor.js';
import { type Transaction } from '../../platform/database/transactions.js';
import { RunCreation, type RunRequest } from '../run-creation.service.js';
import { RunDispatcher } from '../run-dispatcher.service.js';
import { RunOwners } from '../run-owners.service.js';
import { type Schedule } from './schedule.entity.js';

/** A run that may be made. */
export interface PreparedRun {
  readonly actor: Actor;
  readonly request: RunRequest;
  readonly agent: string;
}

/** The runs of schedules: in the name of their owner as he is now, with no more rights than he had when he made them. */
@Injectable()
export class ScheduledRuns {
  constructor(
    private readonly owners: RunOwners,
    private readonly creation: RunCreation,
    private readonly dispatcher: RunDispatcher,
  ) {}

  /** What needs connections of its own. Throws `user_disabled`, `agent_not_found`. */
  async prepare({ id, userId, credential, agent, input }: Schedule): Promise<PreparedRun> {
    const actor = await this.owners.actorOf({ userId, credential });
    const request: RunRequest = { agent, input, metadata: { scheduleId: id }, scheduled: true };
    return { actor, request, agent: await this.creation.agentOf(actor, request) };
  }

  async create({ actor, request, agent }: PreparedRun, transaction: Transaction): Promise<string> {
    return (await this.creation.create(actor, request, agent, transaction)).run.id;
  }

  /** Queues a run that was committed. */
  start(id: string): Promise<void> {
    return this.dispatcher.enqueue({ id, fence: 0 });
  }
}
