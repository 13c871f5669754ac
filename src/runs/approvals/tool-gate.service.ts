import { Injectable } from '@nestjs/common';
import { type AgentDefinition } from '../../agents/agent.js';
import { AuditLog } from '../../audit/audit-log.service.js';
import { canonicalHash } from '../../tools/schema/canonical-json.js';
import { isHarmless } from '../../tools/tool-defaults.js';
import { ToolRegistry } from '../../tools/tool-registry.service.js';
import { type ToolDefinition } from '../../tools/tool.js';
import { type RunContext } from '../run-context.js';
import { type EventAgent, type NewRunEvent } from '../run-event.js';
import { RunLogRepository } from '../run-log.repository.js';
import { type ApprovalReason, type Arguments, type BoundCall, type KnownApproval } from './approval.js';
import { ApprovalErrors } from './approvals.errors.js';
import { BoundTools } from './bound-tools.service.js';
import { isOpen, mayLeak, stricter } from './approval-policy.js';
import { resolved } from './run-approvals.js';

/** A tool call that an agent wants to make. */
export interface WantedCall {
  readonly tool: ToolDefinition;
  readonly agent: AgentDefinition;
  readonly arguments: Arguments;
  readonly toolCallId: string;
  /** The row of the journal that it will be. */
  readonly step: string;
  readonly by: EventAgent;
}

/** What may happen: the call with these arguments, or an error for the model. */
export interface Passage {
  readonly arguments: Arguments;
  /** The definition that this is true of. */
  readonly definitionHash?: string;
  readonly refusal?: { readonly code: string; readonly text: string };
  /** To be written with the first row of the step. */
  readonly events: readonly NewRunEvent[];
}

/** Stands before every tool call of an agent: some need the word of the run's owner first. [S67] [S68] */
@Injectable()
export class ToolGate {
  constructor(
    private readonly registry: ToolRegistry,
    private readonly tools: BoundTools,
    private readonly log: RunLogRepository,
    private readonly audit: AuditLog,
  ) {}

  /** Throws RunStop when somebody has to be asked first. */
  async pass(context: RunContext, offered: WantedCall): Promise<Passage> {
    // Definition and policy may have changed since the agent was told of the tool.
    const tool = (await this.registry.find(offered.tool.name))?.definition ?? offered.tool;
    const passage = await this.decide(context, { ...offered, tool });
    return { ...passage, definitionHash: tool.definitionHash };
  }

  private async decide(context: RunContext, wanted: WantedCall): Promise<Passage> {
    const free: Passage = { arguments: wanted.arguments, events: [] };
    // Such a call is refused by the executor, which knows the same definition: nobody has to think about it.
    const { name, definitionHash } = wanted.tool;
    if (!(await this.tools.fits({ tool: name, definitionHash }, wanted.arguments))) return free;
    const call: BoundCall = {
      kind: 'tool_call',
      step: wanted.step,
      attempt: 0,
      definitionHash,
      requestedHash: canonicalHash(wanted.arguments),
    };
    const answer = context.approvals.answer(call);
    if (answer !== undefined) return passageOf(answer, wanted);
    const reason = await this.reason(context, wanted);
    if (reason === undefined) return free;
    const { agent, tool, by, toolCallId } = wanted;
    if (reason === 'policy_tainted') {
      const details = { reason, tool: tool.name, agent: agent.name, step: wanted.step };
      await this.audit.record(context.actor, 'tool_call.held', { type: 'run', id: context.runId }, details);
    }
    return context.approvals.ask({
      ...call,
      ...{ reason, agent: agent.name, tool: tool.name, arguments: wanted.arguments, by, toolCallId },
    });
  }

  /** Why somebody has to be asked; undefined when the call is free. */
  private async reason(
    context: RunContext,
    { tool, agent, arguments: args }: WantedCall,
  ): Promise<ApprovalReason | undefined> {
    const level = stricter(tool.policy.approval, agent.approval);
    if (level === 'never') return undefined;
    if (level === 'always' || !isHarmless(tool.annotations)) return 'policy';
    if (mayLeak(tool, args, context.userText) && (await this.isTainted(context))) return 'policy_tainted';
    return undefined;
  }

  /** Has a tool that reaches outside answered in this run, or in an earlier one of its conversation? */
  private async isTainted(context: RunContext): Promise<boolean> {
    const used = await this.log.toolsUsed(context.runId);
    const tools = await Promise.all(used.map((name) => this.registry.find(name)));
    // Of a tool that is gone nothing is known.
    return tools.some((tool) => tool === undefined || isOpen(tool.definition));
  }
}

function passageOf(answer: KnownApproval, { by, toolCallId, arguments: wanted }: WantedCall): Passage {
  const events = [resolved(answer, by, toolCallId)];
  if (answer.status === 'approved') return { arguments: answer.arguments, events };
  const { code, message } =
    answer.status === 'expired' ? ApprovalErrors.approval_expired() : ApprovalErrors.approval_rejected();
  const text = answer.comment === null ? message : `${message} Reason: ${answer.comment}`;
  return { arguments: wanted, refusal: { code, text }, events };
}
