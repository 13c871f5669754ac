import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../audit/audit-log.service.js';
import { requireScopes } from '../../common/access.js';
import { type Actor } from '../../common/actor.js';
import { type Page } from '../../common/page.js';
import { Transactions } from '../../platform/database/transactions.js';
import { Cursors } from '../../platform/secrets/cursors.js';
import { type Approval } from './approval.entity.js';
import { type ApprovalQuery, type ApprovalView, type Decision } from './approvals.dto.js';
import { ApprovalErrors } from './approvals.errors.js';
import { type Answer, ApprovalsRepository } from './approvals.repository.js';
import { BoundTools } from './bound-tools.service.js';
import { RunResumption } from './run-resumption.service.js';

/** Where the service's doings are written down and paged; apart so that its constructor stays small. */
@Injectable()
export class ApprovalRecords {
  constructor(
    readonly audit: AuditLog,
    readonly cursors: Cursors,
  ) {}
}

/** What the runs and the calls of the caller ask him. Only he answers: an approval of somebody else is one that never was. [S67] */
@Injectable()
export class ApprovalsService {
  constructor(
    private readonly approvals: ApprovalsRepository,
    private readonly tools: BoundTools,
    private readonly resumption: RunResumption,
    private readonly transactions: Transactions,
    private readonly about: ApprovalRecords,
  ) {}

  /** Newest first. */
  async list(actor: Actor, query: ApprovalQuery): Promise<Page<ApprovalView>> {
    requireScopes(actor, 'runs');
    const { status, runId, limit, cursor } = query;
    const list = `approvals:${JSON.stringify([actor.userId, status, runId])}`;
    const before = this.about.cursors.read(list, cursor);
    const rows = await this.approvals.list(actor.userId, { status, runId, before, limit: limit + 1 });
    const page = this.about.cursors.page(list, rows, limit, (row) => row.id);
    return { ...page, items: page.items.map(toView) };
  }

  /** Throws `approval_not_found`. */
  async get(actor: Actor, id: string): Promise<ApprovalView> {
    requireScopes(actor, 'runs');
    return toView(await this.find(actor, id));
  }

  /**
   * Answers once and for all; the run goes on when it has all its answers. Throws `approval_not_found`,
   * `approval_not_pending`, `approval_outdated` (the tool changed: the run asks again), `approval_not_editable`,
   * `invalid_tool_arguments`.
   */
  async decide(actor: Actor, id: string, decision: Decision): Promise<ApprovalView> {
    requireScopes(actor, 'runs');
    return this.answer(actor, id, decision);
  }

  /** The same for an answer that came within a tool call of the actor's own, by elicitation. */
  async decideInCall(actor: Actor, id: string, decision: Decision): Promise<ApprovalView> {
    requireScopes(actor, 'tools:call');
    return this.answer(actor, id, decision);
  }

  private async answer(actor: Actor, id: string, decision: Decision): Promise<ApprovalView> {
    const approval = await this.find(actor, id);
    const { argumentsHash } = decision;
    if (argumentsHash !== undefined && argumentsHash !== approval.argumentsHash)
      throw ApprovalErrors.approval_not_pending(
        'The approval is for another call than the one that you saw.',
      );
    const answer = await this.answerOf(approval, decision);
    const wake = await this.transactions.run(async (transaction) => {
      if (!(await this.approvals.answer(approval, answer, transaction)))
        throw ApprovalErrors.approval_not_pending();
      const { tool, runId, kind, reason } = approval;
      const edited = answer.edited !== undefined;
      const details = { status: answer.status, edited, tool, runId, kind, reason };
      const target = { type: 'approval', id };
      const goOn = runId === null ? undefined : await this.resumption.goOn(runId, transaction);
      await this.about.audit.record(actor, 'approval.decided', target, details, transaction);
      return goOn;
    });
    await wake?.();
    if (answer.status === 'outdated') throw ApprovalErrors.approval_outdated();
    return toView(await this.find(actor, id));
  }

  /** Ends the questions that nobody answered in time; their runs go on with a refused call. */
  async expire(limit: number): Promise<void> {
    for (const due of await this.approvals.due(limit)) {
      const wake = await this.transactions.run(async (transaction) =>
        (await this.approvals.expire(due, transaction)) && due.runId !== null
          ? this.resumption.goOn(due.runId, transaction)
          : undefined,
      );
      await wake?.();
    }
  }

  private async answerOf(
    approval: Approval,
    { decision, arguments: edited, reason }: Decision,
  ): Promise<Answer> {
    const comment = reason;
    if (decision === 'reject') return { status: 'rejected', comment };
    if (edited !== undefined && (approval.kind === 'confirm_retry' || approval.runId === null))
      throw ApprovalErrors.approval_not_editable();
    if (!(await this.tools.isSame(approval))) return { status: 'outdated', comment };
    if (edited === undefined) return { status: 'approved', comment };
    return { status: 'approved', comment, edited: await this.tools.check(approval, edited) };
  }

  private async find(actor: Actor, id: string): Promise<Approval> {
    const approval = await this.approvals.find(actor.userId, id);
    if (approval === null) throw ApprovalErrors.approval_not_found();
    return approval;
  }
}

function toView(approval: Approval): ApprovalView {
  const { comment, decidedAt, createdAt, expiresAt, runId, step, agent, usedAt: _, ...rest } = approval;
  return {
    ...rest,
    ...(runId !== null && step !== null && agent !== null && { runId, step, agent }),
    ...(comment !== null && { comment }),
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    ...(decidedAt !== null && { decidedAt: decidedAt.toISOString() }),
  };
}
