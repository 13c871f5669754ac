import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { newId } from '../../common/ids.js';
import { ENV, type Env } from '../../config/env.js';
import { type Arguments } from './approval.js';

/** Calls of one user that may wait for him at the same time. */
const MAX_PENDING = 100;

/** A call that its caller makes himself. */
export interface DirectCall {
  readonly userId: string;
  readonly tool: string;
  readonly definitionHash: string;
  readonly arguments: Arguments;
  /** SHA-256 over the canonical JSON of the arguments. */
  readonly hash: string;
}

/** What was decided about a call. */
export interface DirectAnswer {
  readonly status: 'approved' | 'rejected';
  readonly comment: string | null;
}

/** What is asked about a call. */
export interface DirectQuestion {
  readonly id: string;
  readonly argumentsHash: string;
  readonly expiresAt: Date;
}

const SAME_CALL = `run_id is null and user_id = $1 and tool = $2 and definition_hash = $3 and requested_hash = $4`;

/** Questions about calls that belong to no run. */
@Injectable()
export class DirectApprovalsRepository {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(ENV) private readonly env: Env,
  ) {}

  /**
   * Uses up the answer for exactly this call, in one statement, so that of many equal calls one gets it. Undefined when
   * there is none, or when it was given too long ago. [S67]
   */
  async take(call: DirectCall): Promise<DirectAnswer | undefined> {
    const [rows]: [DirectAnswer[], number] = await this.dataSource.query(
      `update approvals set used_at = now() where used_at is null and id =
          (select id from approvals where ${SAME_CALL} and status in ('approved', 'rejected') and used_at is null
              and decided_at > now() - $5 * interval '1 second' and arguments_hash = requested_hash
            order by id limit 1 for update skip locked)
        returning status, comment`,
      [...keyOf(call), this.env.APPROVAL_SECONDS],
    );
    return rows[0];
  }

  /** The open question about this call, made when there is none; undefined when too many are open. */
  async ask(call: DirectCall): Promise<DirectQuestion | undefined> {
    await this.dataSource.query(
      `update approvals set status = 'expired', decided_at = now()
        where ${SAME_CALL} and status = 'pending' and expires_at <= now()`,
      keyOf(call),
    );
    await this.dataSource.query(
      `insert into approvals (id, user_id, kind, reason, attempt, tool, definition_hash, requested_arguments,
          requested_hash, arguments, arguments_hash, status, expires_at)
        select $5, $1, 'tool_call', 'policy', 0, $2, $3, $6, $4, $6, $4, 'pending', now() + $7 * interval '1 second'
         where (select count(*) from approvals where run_id is null and user_id = $1 and status = 'pending') < $8
        on conflict (user_id, tool, definition_hash, requested_hash) where run_id is null and status = 'pending'
        do nothing`,
      [...keyOf(call), ...[newId(), JSON.stringify(call.arguments), this.env.APPROVAL_SECONDS, MAX_PENDING]],
    );
    const rows: DirectQuestion[] = await this.dataSource.query(
      `select id, arguments_hash as "argumentsHash", expires_at as "expiresAt"
         from approvals where ${SAME_CALL} and status = 'pending'`,
      keyOf(call),
    );
    return rows[0];
  }
}

function keyOf({ userId, tool, definitionHash, hash }: DirectCall): string[] {
  return [userId, tool, definitionHash, hash];
}
