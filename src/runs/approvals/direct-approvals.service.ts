import { Injectable } from '@nestjs/common';
import { requireScopes } from '../../common/access.js';
import { type Actor } from '../../common/actor.js';
import { AppError } from '../../common/app-error.js';
import { knownSecrets } from '../../platform/telemetry/secret-mask.js';
import { canonicalHash } from '../../tools/schema/canonical-json.js';
import { type ToolClient, type ToolDefinition } from '../../tools/tool.js';
import { type Arguments } from './approval.js';
import { asksCaller } from './approval-policy.js';
import { askClient, howToDecide } from './approval-questions.js';
import { ApprovalErrors } from './approvals.errors.js';
import { ApprovalsService } from './approvals.service.js';
import {
  type DirectCall,
  type DirectQuestion,
  DirectApprovalsRepository,
} from './direct-approvals.repository.js';

/** Answers may be used up by an equal call at the same moment; then the question is asked anew. */
const ROUNDS = 3;

/**
 * Tool calls that an MCP client makes itself: behind it is a model, and the tool's policy wants the word of a person.
 * One answer lets one call with exactly these arguments run. [S67]
 */
@Injectable()
export class DirectApprovals {
  constructor(
    private readonly questions: DirectApprovalsRepository,
    private readonly approvals: ApprovalsService,
  ) {}

  /**
   * Resolves when the call may be made. Throws `approval_required` (names the approval; the same call goes on once it is
   * approved), `approval_rejected`, `too_many_approvals`; ToolPaused when the client has to be asked first.
   */
  async admit(actor: Actor, tool: ToolDefinition, args: unknown, client?: ToolClient): Promise<void> {
    requireScopes(actor, 'tools:call');
    if (!asksCaller(tool)) return;
    const call: DirectCall = {
      ...{ userId: actor.userId, tool: tool.name, definitionHash: tool.definitionHash },
      ...{ arguments: args as Arguments, hash: canonicalHash(args) },
    };
    for (let round = 1; ; round += 1) {
      if (await this.isAllowed(call)) return;
      const question = await this.questions.ask(call);
      if (question === undefined) {
        if (round < ROUNDS) continue;
        throw ApprovalErrors.too_many_approvals(undefined, { retryAfter: 60 });
      }
      if (round === ROUNDS || !(await this.isDecided(actor, call, question, client)))
        throw ApprovalErrors.approval_required(required(call, question));
    }
  }

  private async isAllowed(call: DirectCall): Promise<boolean> {
    const answer = await this.questions.take(call);
    if (answer?.status !== 'rejected') return answer !== undefined;
    const { message } = ApprovalErrors.approval_rejected();
    throw ApprovalErrors.approval_rejected(
      answer.comment === null ? message : `${message} Reason: ${answer.comment}`,
    );
  }

  private async isDecided(
    actor: Actor,
    { tool, arguments: args }: DirectCall,
    { id, argumentsHash }: DirectQuestion,
    client: ToolClient | undefined,
  ): Promise<boolean> {
    const asked = {
      id,
      tool,
      argumentsHash,
      reason: 'policy',
      arguments: knownSecrets.maskJson(args),
    } as const;
    const decision = (await askClient(client, [asked])).get(id);
    if (decision === undefined) return false;
    try {
      await this.approvals.decideInCall(actor, id, decision);
    } catch (error) {
      // Somebody was faster, or the time was up: what holds now is found out again.
      if (!(error instanceof AppError) || error.kind !== 'conflict') throw error;
    }
    return true;
  }
}

function required({ tool }: DirectCall, { id, expiresAt }: DirectQuestion): string {
  return `${tool} was not run: it needs your approval ${id}. Decide until ${expiresAt.toISOString()}: ${howToDecide([id])}. Then make the same call again.`;
}
