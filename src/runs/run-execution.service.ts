import { Injectable, Logger } from '@nestjs/common';
import { AgentsService } from '../agents/agents.service.js';
import { type AgentDefinition } from '../agents/agent.js';
import { type Actor } from '../common/actor.js';
import { AppError } from '../common/app-error.js';
import { CommonErrors } from '../common/common.errors.js';
import { isDatabaseAway } from '../platform/database/database-error.js';
import { RunEntry } from './engine/run-entry.service.js';
import { type RunFailure, StaleFence } from './run.js';
import { type AgentAnswer, RunContext } from './run-context.js';
import { RunApprovals } from './approvals/run-approvals.js';
import { type KnownApproval } from './approvals/approval.js';
import { textOf } from './engine/prompt.js';
import { type RunControl, RunStop } from './run-control.js';
import { newEvent } from './run-event.js';
import { type Finish, RunFinisher } from './run-finisher.service.js';
import { RunJournal } from './run-journal.js';
import { type ClaimedRun } from './run-leases.repository.js';
import { boundsOf, RunMeter } from './run-meter.js';
import { actorOfRun, budgetOf, ownerOf } from './run-owners.service.js';
import { type RunWriter } from './run-writer.js';
import { type RunStep } from './run-step.js';
import { type RunTrace } from './run-trace.js';
import { RunErrors } from './runs.errors.js';

/** Workers that may die over one run before it is given up. [R42] */
const MAX_ATTEMPTS = 5;

/** How long a run that the database kept from its work waits for the next try, doubled with each attempt. */
const SET_BACK_MS = 500;

/** A run in the hands of this worker. */
export interface HeldRun {
  readonly run: ClaimedRun;
  readonly control: RunControl;
  readonly writer: RunWriter;
  readonly steps: readonly RunStep[];
  readonly trace: RunTrace;
  readonly approvals: readonly KnownApproval[];
}

/** Does one run, from where its journal ends, and lets it go: answered, failed, stopped or handed back. */
@Injectable()
export class RunExecution {
  private readonly log = new Logger('Runs');

  constructor(
    private readonly agents: AgentsService,
    private readonly entry: RunEntry,
    private readonly finisher: RunFinisher,
  ) {}

  /** Never throws but StaleFence and what the database says while it is away; then another worker goes on. */
  async execute(held: HeldRun): Promise<void> {
    const { run, control, writer } = held;
    const { context, end } = await this.work(held);
    // Siblings of what failed may still be under way; nothing may happen after the end.
    await control.settled();
    const finish = await end();
    await writer.flush();
    held.trace.ended(finish.status, finish.error?.code);
    const letGo = (how: Finish) =>
      control.patiently(() => this.finisher.finish(run, writer.lastSeq, context.actor, how));
    if (await letGo(finish)) return;
    // A cancel came in between.
    const cancelled = this.stopped(held, context, new RunStop('cancelled'));
    if (!(await letGo(cancelled))) throw new StaleFence();
  }

  private async work(held: HeldRun): Promise<{ context: RunContext; end: () => Promise<Finish> }> {
    const { run, control, writer } = held;
    const approvals = new RunApprovals(held.approvals, writer, control);
    const journal = new RunJournal(held.steps, writer, control, held.trace, approvals);
    const contextFor = (actor: Actor, meter: RunMeter) =>
      new RunContext(
        run.id,
        actor,
        control,
        writer,
        journal,
        meter,
        approvals,
        textOf(run.input),
        run.variables,
        run.simulate,
      );
    let context = contextFor(ownerOf(run), unlimited());
    try {
      if (run.status === 'cancelling') control.stop(new RunStop('cancelled'));
      control.boundary();
      if (run.attempt > MAX_ATTEMPTS) throw RunErrors.run_crashed();
      const actor = actorOfRun(run);
      const agent = await this.agents.get(actor, run.agent);
      const limits = boundsOf(agent.limits, run.limits);
      const meter = new RunMeter(limits, (error) => control.fail(error), budgetOf(run, held.steps));
      context = contextFor(actor, meter);
      const answer = await this.runInTime(context, run, agent, limits.timeoutMs);
      return { context, end: async () => this.completed(held, context, agent, answer) };
    } catch (error) {
      if (error instanceof StaleFence) throw error;
      return {
        context,
        end: async () => {
          // What came while siblings were under way counts: a cancel ends a run that would only have waited.
          const stop = control.reason ?? (await this.stopOf(error, held));
          // Not when it was lost: what it has begun is for the next worker to find as it is.
          if (stop.kind === 'cancelled' || stop.kind === 'failed') closeDangling(context);
          return this.stopped(held, context, stop);
        },
      };
    }
  }

  private async runInTime(
    context: RunContext,
    run: ClaimedRun,
    agent: AgentDefinition,
    timeoutMs: number,
  ): Promise<AgentAnswer> {
    const timeUp = () => context.control.stop(new RunStop('failed', RunErrors.run_timeout()));
    const timer = setTimeout(timeUp, Math.max(0, timeoutMs - run.elapsedMs));
    try {
      return await this.entry.answer(context, run, agent);
    } finally {
      // Steps beside the one that ended it are bounded in time too.
      await context.control.settled();
      clearTimeout(timer);
    }
  }

  /** A database that is away for a moment must not end a run: another worker, or this one, goes on by the journal. */
  private async stopOf(error: unknown, { run, control }: HeldRun): Promise<RunStop> {
    if (error instanceof RunStop) return error;
    if (!isDatabaseAway(error)) return new RunStop('failed', this.failureOf(error, run));
    this.log.warn({ err: error, runId: run.id }, 'A run goes back to the queue: the database was away');
    await control.pause(SET_BACK_MS * 2 ** run.attempt);
    return control.reason ?? new RunStop('set_back');
  }

  private failureOf(error: unknown, run: ClaimedRun): AppError {
    if (error instanceof AppError) {
      this.log.warn({ err: error.cause ?? error, code: error.code, runId: run.id }, 'A run failed');
      return error;
    }
    this.log.error({ err: error, runId: run.id }, 'A run failed unexpectedly');
    return CommonErrors.internal('The run failed unexpectedly. Its id finds it in the log.', {
      cause: error,
    });
  }

  private completed(
    { run }: HeldRun,
    context: RunContext,
    agent: AgentDefinition,
    answer: AgentAnswer,
  ): Finish {
    const by = { name: agent.name, path: agent.name };
    const { text, messageId, model, generatedBy, toolCalls, structured } = answer;
    const output = {
      text,
      ...(run.conversationId !== null && { messageId }),
      ...(structured !== undefined && { structured }),
    };
    const about = { messageId, visibility: 'user', text, status: 'complete', model, generatedBy };
    return {
      status: 'completed',
      usage: context.meter.usage,
      output,
      events: [
        newEvent('message.completed', answer.by, about),
        newEvent('agent.completed', answer.by, { isError: false }),
        newEvent('run.completed', by, { output, usage: context.meter.usage }),
      ],
      ...(run.conversationId !== null && {
        message: {
          id: messageId,
          conversationId: run.conversationId,
          ...placeOf(run),
          role: 'assistant',
          content: [{ type: 'text', text }],
          agent: answer.by.name,
          runId: run.id,
          ...(toolCalls.length > 0 && { toolCalls }),
          status: 'complete',
          model,
          generatedBy,
        },
      }),
    };
  }

  private stopped({ run }: HeldRun, context: RunContext, stop: RunStop): Finish {
    const by = { name: run.agent, path: run.agent };
    const { usage } = context.meter;
    switch (stop.kind) {
      case 'lost':
        throw new StaleFence();
      case 'hand_back':
        return { status: 'queued', usage, uncounted: true, events: [newEvent('run.queued', by)] };
      case 'set_back':
        return { status: 'queued', usage, events: [newEvent('run.queued', by)] };
      case 'suspended':
        return {
          status: 'requires_action',
          usage,
          uncounted: true,
          events: [newEvent('run.requires_action', by, context.approvals.need())],
        };
      case 'cancelled':
        return this.withPartial(run, context, {
          status: 'cancelled',
          usage,
          events: [newEvent('run.cancelled', by)],
        });
      case 'failed': {
        const { code, message } = stop.error ?? CommonErrors.internal();
        const error: RunFailure = { code, message };
        return this.withPartial(run, context, {
          status: 'failed',
          usage,
          error,
          events: [newEvent('run.failed', by, { error })],
        });
      }
    }
  }

  /** What the agent had begun to say is kept, and says of itself that it is not complete. */
  private withPartial(run: ClaimedRun, context: RunContext, finish: Finish): Finish {
    const { partial } = context;
    if (partial === undefined || partial.text.trim() === '') return finish;
    const { messageId, text, by } = partial;
    const about = { messageId, visibility: 'user', text, status: 'incomplete' };
    const events = [newEvent('message.completed', by, about), ...finish.events];
    const output = { text, ...(run.conversationId !== null && { messageId }) };
    if (run.conversationId === null) return { ...finish, events, output };
    return {
      ...finish,
      events,
      output,
      message: {
        id: messageId,
        conversationId: run.conversationId,
        ...placeOf(run),
        role: 'assistant',
        content: [{ type: 'text', text }],
        agent: by.name,
        runId: run.id,
        status: 'incomplete',
      },
    };
  }
}

/** An answer that is made anew stands beside the old one. */
function placeOf({ answerParentId }: ClaimedRun): { parentId?: string } {
  return answerParentId === null ? {} : { parentId: answerParentId };
}

function unlimited(): RunMeter {
  const limits = { maxSteps: 0, maxToolCalls: 0, maxTokens: 0, maxCostUsd: 0, timeoutMs: 0 };
  return new RunMeter(limits, (error) => {
    throw error;
  });
}

/** Calls that were begun get a result that says that they were stopped, so that none is left open. [R23] */
function closeDangling({ journal }: RunContext): void {
  for (const step of journal.dangling())
    journal.giveUp(step, 'tool_cancelled', 'Stopped before it ended; whether it had an effect is not known.');
}
