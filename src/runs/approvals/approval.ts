export const APPROVAL_STATUSES = [
  'pending',
  'approved',
  'rejected',
  'expired',
  'outdated',
  'cancelled',
] as const;
/** `outdated`: the tool's definition changed, the run asks again. `cancelled`: the run ended first. */
export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number];

/** `tool_call`: may this call be made? `confirm_retry`: a crash hid whether it was; may it be made again? */
export const APPROVAL_KINDS = ['tool_call', 'confirm_retry'] as const;
export type ApprovalKind = (typeof APPROVAL_KINDS)[number];

/** Why somebody is asked: the policy of tool or agent, untrusted content in the conversation [S68], or a crash [R25]. */
export const APPROVAL_REASONS = ['policy', 'policy_tainted', 'confirm_retry'] as const;
export type ApprovalReason = (typeof APPROVAL_REASONS)[number];

export type Arguments = Readonly<Record<string, unknown>>;

/** The exact call that an approval is bound to. [S67] */
export interface BoundCall {
  readonly kind: ApprovalKind;
  /** The row of the journal. */
  readonly step: string;
  /** Times that the step was begun before. */
  readonly attempt: number;
  /** Of the tool's definition. */
  readonly definitionHash: string;
  /** SHA-256 over the canonical JSON of the arguments that the agent asked for. */
  readonly requestedHash: string;
}

/** A question to the owner of a run. */
export interface NewApproval extends BoundCall {
  readonly id: string;
  readonly reason: ApprovalReason;
  readonly agent: string;
  readonly tool: string;
  readonly arguments: Arguments;
}

/** What a run needs to know of a question that it asked. */
export interface KnownApproval extends BoundCall {
  readonly id: string;
  readonly tool: string;
  readonly status: ApprovalStatus;
  /** What may run, and its hash. */
  readonly arguments: Arguments;
  readonly argumentsHash: string;
  readonly comment: string | null;
}
