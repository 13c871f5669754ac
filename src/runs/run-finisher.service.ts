import { Injectable } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { AppError } from '../common/app-error.js';
import { type NewMessage } from '../conversations/message.js';
import { MessagesService } from '../conversations/messages.service.js';
import { type Transaction, Transactions } from '../platform/database/transactions.js';
import { StaleFence } from './run.js';
import { RunDispatcher } from './run-dispatcher.service.js';
import { ENDED, newEvent } from './run-event.js';
import { type ClaimedRun, RunLeasesRepository, type RunEnding } from './run-leases.repository.js';
import { RunLogRepository } from './run-log.repository.js';

/** How a worker lets a run go. */
export interface Finish extends RunEnding {
  readonly message?: NewMessage;
}

/** Lets runs go: status, last events and the answer commit together, then the others are told. */
@Injectable()
export class RunFinisher {
  constructor(
    private readonly leases: RunLeasesRepository,
    private readonly log: RunLogRepository,
    private readonly messages: MessagesService,
    private readonly transactions: Transactions,
    private readonly dispatcher: RunDispatcher,
  ) {}

  /** False when its status does not allow that any more: it was cancelled meanwhile. Throws StaleFence. */
  async finish(run: ClaimedRun, lastSeq: number, actor: Actor, finish: Finish): Promise<boolean> {
    try {
      const release = (transaction?: Transaction) => this.release(run, lastSeq, actor, finish, transaction);
      const isAlone = finish.message === undefined && finish.status !== 'requires_action';
      await (isAlone ? release() : this.transactions.run(release));
    } catch (error) {
      if (error instanceof AllAnswered) return this.goOn(run, lastSeq, actor, finish);
      if (!(error instanceof NotReleased)) throw error;
      const [held] = await this.leases.statusOf(run);
      if (held === undefined) throw new StaleFence();
      return false;
    }
    this.dispatcher.announce(run.id, finish.status === 'queued' ? '' : ENDED);
    if (finish.status === 'queued') await this.dispatcher.enqueue(run);
    else if (finish.status !== 'requires_action') await this.dispatcher.enqueueNextOf(run.conversationId);
    return true;
  }

  private async release(
    run: ClaimedRun,
    lastSeq: number,
    actor: Actor,
    { message, ...ending }: Finish,
    transaction?: Transaction,
  ): Promise<void> {
    if (transaction !== undefined) {
      // The conversation is locked before the run, as everywhere.
      if (message !== undefined) await this.append(actor, message, transaction);
      const asks = ending.status === 'requires_action';
      if (asks && !(await this.leases.isAsking(run.id, transaction))) throw new AllAnswered();
    }
    const held = { id: run.id, fence: run.fence, lastSeq };
    if (!(await this.leases.release(held, ending, transaction))) throw new NotReleased();
    this.log.count(ending.events);
  }

  /** When the message that the answer belongs to was deleted meanwhile, it goes where any other answer goes. */
  private async append(actor: Actor, message: NewMessage, transaction: Transaction): Promise<void> {
    const { parentId, ...rest } = message;
    try {
      await this.messages.append(actor, message, transaction);
    } catch (error) {
      const isOrphan = error instanceof AppError && error.code === 'message_not_found';
      if (!isOrphan || parentId === undefined) throw error;
      await this.messages.append(actor, rest, transaction);
    }
  }

  /** Every question was answered before the run was let go: it is for a worker again at once. */
  private goOn(run: ClaimedRun, lastSeq: number, actor: Actor, finish: Finish): Promise<boolean> {
    const events = [newEvent('run.queued', { name: run.agent, path: run.agent })];
    return this.finish(run, lastSeq, actor, { ...finish, status: 'queued', events });
  }
}

/** Rolls the transaction back, with the message in it. */
class NotReleased extends Error {}
/** Rolls the transaction back: the run has nothing to wait for. */
class AllAnswered extends Error {}
