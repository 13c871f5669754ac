import { Injectable } from '@nestjs/common';
import { schemaProblem } from '../agents/agent-checks.js';
import { AgentsService } from '../agents/agents.service.js';
import { checkVariables } from '../agents/instructions.js';
import { type Actor } from '../common/actor.js';
import { CommonErrors } from '../common/common.errors.js';
import { newId } from '../common/ids.js';
import { ConversationsService } from '../conversations/conversations.service.js';
import { type MessageContent } from '../conversations/message.js';
import { MessagesService } from '../conversations/messages.service.js';
import { newTraceparent } from '../platform/telemetry/trace-context.js';
import { type Transaction } from '../platform/database/transactions.js';
import { NO_USAGE, type RunLimits } from './run.js';
import { type Run } from './run.entity.js';
import { type EndedRun } from './run-endings.service.js';
import { newEvent } from './run-event.js';
import { RunLogRepository } from './run-log.repository.js';
import { RunErrors } from './runs.errors.js';
import { RunsRepository } from './runs.repository.js';
import { budgetExceeded } from './usage/budget.js';

const DEFAULT_AGENT = 'assistant';

export interface RunRequest {
  readonly conversationId?: string;
  readonly input: string | readonly MessageContent[];
  readonly agent?: string;
  readonly concurrency?: 'enqueue' | 'reject' | 'interrupt';
  readonly limits?: Partial<RunLimits>;
  /** -10 to 10; above 0 only for admins. */
  readonly priority?: number;
  readonly startAt?: Date;
  /** A question that is answered again: it is in the conversation already. */
  readonly again?: {
    /** The run of the same user that this one does again, when it is known. */
    readonly runId: string | null;
    readonly inputMessageId: string | null;
    /** The message that the answer follows; null: the end of the active branch. */
    readonly answerParentId?: string | null;
  };
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Values for the variables of the agent. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly output?: { readonly schema: Readonly<Record<string, unknown>> };
  /** No tool is run: their answers are made from their output schemas. */
  readonly simulate?: boolean;
  /** Nobody waits for the answer: when the budget of the day is spent, the run is made and says so. */
  readonly scheduled?: true;
  /** W3C Trace Context of the caller. */
  readonly traceparent?: string;
}

export interface CreatedRun {
  readonly run: Run;
  /** Runs that were asked to stop in favour of this one. */
  readonly interrupted: readonly EndedRun[];
}

/** Writes new runs: the message, the run and its first events commit together. */
@Injectable()
export class RunCreation {
  constructor(
    private readonly agents: AgentsService,
    private readonly conversations: ConversationsService,
    private readonly messages: MessagesService,
    private readonly runs: RunsRepository,
    private readonly log: RunLogRepository,
  ) {}

  /**
   * The agent that a run will have: the one asked for, else that of its conversation, else the default. Asked before
   * the transaction, which must not wait for a second connection. Throws `conversation_not_found`, `agent_not_found`,
   * `invalid_variables`, `invalid_request` (the schema of the output).
   */
  async agentOf(actor: Actor, request: RunRequest): Promise<string> {
    const { agent, conversationId } = request;
    const conversation =
      conversationId === undefined ? undefined : await this.conversations.get(actor, conversationId);
    const found = await this.agents.get(actor, agent ?? conversation?.agent ?? DEFAULT_AGENT);
    checkVariables(found, request.variables ?? {});
    const message = schemaProblem(request.output?.schema);
    if (message !== undefined) {
      throw CommonErrors.invalid_request(undefined, { errors: [{ field: 'output.schema', message }] });
    }
    return found.name;
  }

  /**
   * Throws `conversation_not_found`, `run_in_progress` (concurrency "reject"), `budget_exceeded`, `too_many_runs`. The
   * conversation stays locked until the transaction ends, so runs and messages have one order. A run without one needs
   * no transaction, and is committed then.
   */
  async create(
    actor: Actor,
    request: RunRequest,
    agent: string,
    transaction?: Transaction,
  ): Promise<CreatedRun> {
    if ((request.priority ?? 0) > 0 && !actor.scopes.has('admin'))
      throw CommonErrors.insufficient_scope('Only an admin may ask for a priority above 0.');
    const content = typeof request.input === 'string' ? [text(request.input)] : request.input;
    const id = newId();
    const { conversationId } = request;
    let inputMessageId: string | null = request.again?.inputMessageId ?? null;
    let interrupted: EndedRun[] = [];
    if (conversationId !== undefined && transaction !== undefined) {
      const message = { conversationId, role: 'user', content, runId: id, status: 'complete' } as const;
      inputMessageId ??= (await this.messages.append(actor, message, transaction)).id;
      interrupted = await this.makeRoom(conversationId, request.concurrency ?? 'enqueue', transaction);
    }
    const run = toRow(actor, request, { id, agent, content, inputMessageId });
    const by = { name: agent, path: agent };
    const events = [newEvent('run.created', by, { conversationId }), newEvent('run.queued', by)];
    const refusal = await this.runs.insert({ run, events, isScheduled: request.scheduled }, transaction);
    if (refusal === 'spent') throw budgetExceeded();
    if (refusal === 'too_many') throw RunErrors.too_many_runs(undefined, { retryAfter: 5 });
    this.log.count(events);
    return { run: { ...run, position: '', steps: 0 }, interrupted };
  }

  private async makeRoom(
    conversationId: string,
    concurrency: 'enqueue' | 'reject' | 'interrupt',
    transaction: Transaction,
  ): Promise<EndedRun[]> {
    if (concurrency === 'enqueue') return [];
    const unfinished = await this.runs.unfinished(conversationId, transaction);
    if (concurrency === 'reject') {
      if (unfinished.length > 0) throw RunErrors.run_in_progress();
      return [];
    }
    return unfinished;
  }
}

function text(value: string): MessageContent {
  return { type: 'text', text: value };
}

function toRow(
  actor: Actor,
  request: RunRequest,
  made: Pick<Run, 'id' | 'agent' | 'inputMessageId'> & { content: readonly MessageContent[] },
): Omit<Run, 'position' | 'steps'> {
  const { sessionId, apiKeyId } = actor;
  return {
    id: made.id,
    userId: actor.userId,
    conversationId: request.conversationId ?? null,
    agent: made.agent,
    status: 'queued',
    input: made.content,
    inputMessageId: made.inputMessageId,
    output: null,
    error: null,
    usage: NO_USAGE,
    limits: request.limits ?? {},
    metadata: request.metadata ?? {},
    variables: request.variables ?? {},
    simulate: request.simulate ?? false,
    outputSchema: request.output?.schema ?? null,
    credential: { scopes: [...actor.scopes], ...(sessionId && { sessionId }), ...(apiKeyId && { apiKeyId }) },
    traceparent: request.traceparent ?? newTraceparent(),
    leaseOwner: null,
    leaseUntil: null,
    priority: request.priority ?? 0,
    startAt: request.startAt ?? null,
    retryOf: request.again?.runId ?? null,
    answerParentId: request.again?.answerParentId ?? null,
    fence: 0,
    attempt: 0,
    lastSeq: 2,
    createdAt: new Date(),
    startedAt: null,
    finishedAt: null,
  };
}
