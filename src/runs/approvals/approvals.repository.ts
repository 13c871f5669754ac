import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Housekeeping } from '../../platform/database/housekeeping.service.js';
import { type Transaction } from '../../platform/database/transactions.js';
import { Approval } from './approval.entity.js';
import { type ApprovalStatus, type Arguments } from './approval.js';

export interface ApprovalFilter {
  readonly status?: ApprovalStatus;
  readonly runId?: string;
  readonly before?: string;
  readonly limit: number;
}

/** What becomes of a question. */
export interface Answer {
  readonly status: 'approved' | 'rejected' | 'outdated';
  readonly comment?: string;
  /** Instead of those that the agent asked for. */
  readonly edited?: { readonly arguments: Arguments; readonly hash: string };
}

export interface ExpiredApproval {
  readonly id: string;
  readonly runId: string | null;
}

const SWEPT_AT_ONCE = 5_000;

@Injectable()
export class ApprovalsRepository {
  constructor(
    @InjectRepository(Approval) private readonly approvals: Repository<Approval>,
    housekeeping: Housekeeping,
  ) {
    housekeeping.add('approvals', (transaction) => this.sweep(transaction));
  }

  find(userId: string, id: string): Promise<Approval | null> {
    return this.approvals.findOneBy({ userId, id });
  }

  /** Newest first. */
  list(userId: string, { status, runId, before, limit }: ApprovalFilter): Promise<Approval[]> {
    const query = this.approvals
      .createQueryBuilder('approval')
      .where('approval.userId = :userId', { userId })
      .orderBy('approval.id', 'DESC')
      .limit(limit);
    if (status !== undefined) query.andWhere('approval.status = :status', { status });
    if (runId !== undefined) query.andWhere('approval.runId = :runId', { runId });
    if (before !== undefined) query.andWhere('approval.id < :before', { before });
    return query.getMany();
  }

  /**
   * Answers a question that is still open, of a run that has not ended: one statement, so of many answers at once one
   * counts. False for the others. The run is locked before, as where it is let go. [S92]
   */
  async answer(approval: Approval, answer: Answer, transaction: Transaction): Promise<boolean> {
    await transaction.query('select 1 from runs where id = $1 for update', [approval.runId]);
    const [, changed]: [unknown, number] = await transaction.query(
      `update approvals set status = $3, comment = $4, arguments = coalesce($5::jsonb, arguments),
          arguments_hash = coalesce($6, arguments_hash), decided_at = now()
        where id = $1 and user_id = $2 and status = 'pending' and expires_at > now()
          and (run_id is null or exists (select 1 from runs where id = run_id and status in ('queued', 'running', 'requires_action')))`,
      [
        ...[approval.id, approval.userId, answer.status, answer.comment ?? null],
        ...[answer.edited ? JSON.stringify(answer.edited.arguments) : null, answer.edited?.hash ?? null],
      ],
    );
    return changed > 0;
  }

  /** Questions that nobody answered in time. */
  async due(limit: number): Promise<ExpiredApproval[]> {
    return this.approvals.query(
      `select id, run_id as "runId" from approvals where status = 'pending' and expires_at <= now() limit $1`,
      [limit],
    );
  }

  async expire({ id, runId }: ExpiredApproval, transaction: Transaction): Promise<boolean> {
    await transaction.query('select 1 from runs where id = $1 for update', [runId]);
    const [, changed]: [unknown, number] = await transaction.query(
      `update approvals set status = 'expired', decided_at = now()
        where id = $1 and status = 'pending' and expires_at <= now()`,
      [id],
    );
    return changed > 0;
  }

  /**
   * Forgets what callers were asked themselves, a month later; true when there may be more of it. What a run asked goes
   * with the run.
   */
  private async sweep(transaction: Transaction): Promise<boolean> {
    const [, deleted]: [unknown, number] = await transaction.query(
      `delete from approvals where id in
         (select id from approvals where run_id is null and created_at < now() - interval '30 days' limit $1)`,
      [SWEPT_AT_ONCE],
    );
    return deleted === SWEPT_AT_ONCE;
  }
}
