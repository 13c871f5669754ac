import { z } from 'zod';
import { PageQuery, pageOf } from '../../common/page.js';
import { Timestamp } from '../../common/timestamp.js';
import { named } from '../../platform/http/openapi.js';
import { APPROVAL_KINDS, APPROVAL_REASONS, APPROVAL_STATUSES } from './approval.js';

const Arguments = z.record(z.string(), z.unknown());

export const ApprovalView = named(
  'Approval',
  z.object({
    id: z.uuid(),
    runId: z.uuid().optional().describe('The run that asks. Absent: a call of your own, over MCP, asks.'),
    kind: z
      .enum(APPROVAL_KINDS)
      .describe('`tool_call`: may it be made? `confirm_retry`: a crash hid whether it was; again?'),
    reason: z.enum(APPROVAL_REASONS).describe('Why somebody is asked.'),
    status: z.enum(APPROVAL_STATUSES),
    step: z.string().optional().describe('Path of the step that waits.'),
    agent: z.string().optional(),
    tool: z.string(),
    definitionHash: z.string().describe('The definition of the tool that it is bound to.'),
    requestedArguments: Arguments.describe('What the agent asked for.'),
    arguments: Arguments.describe('What may run: the same, unless they were edited.'),
    argumentsHash: z.string().describe('SHA-256 over the canonical JSON (RFC 8785) of `arguments`.'),
    comment: z.string().optional().describe('The reason that came with the decision.'),
    createdAt: Timestamp,
    expiresAt: Timestamp,
    decidedAt: Timestamp.optional(),
  }),
);
export type ApprovalView = z.infer<typeof ApprovalView>;

export const ApprovalPage = named('ApprovalPage', pageOf(ApprovalView));

/** Query of GET /approvals. */
export const ApprovalQuery = PageQuery.extend({
  status: z.enum(APPROVAL_STATUSES).optional(),
  runId: z.uuid().optional(),
});
export type ApprovalQuery = z.infer<typeof ApprovalQuery>;

const Hash = z.string().regex(/^[0-9a-f]{64}$/, 'must be the argumentsHash of the approval');

/** Body of POST /approvals/:id. */
export const Decision = named(
  'Decision',
  z
    .strictObject({
      decision: z.enum(['approve', 'reject', 'edit']),
      arguments: Arguments.optional().describe('The new arguments, for `edit`.'),
      reason: z.string().trim().min(1).max(1000).optional().describe('Told to the agent.'),
      argumentsHash: Hash.optional().describe('What you saw: another call than that is never approved.'),
    })
    .refine(({ decision, arguments: args }) => (decision === 'edit') === (args !== undefined), {
      path: ['arguments'],
      error: 'must be there for "edit", and only then',
    }),
);
export type Decision = z.infer<typeof Decision>;
