import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type ApprovalKind, type ApprovalReason, type ApprovalStatus, type Arguments } from './approval.js';

/** A question to the owner of a run, or to the caller of a tool, bound to one call, and its answer. */
@Entity('approvals')
export class Approval {
  @PrimaryColumn('uuid') id: string;
  /** Null when its owner makes the call himself, over MCP; then there is no step and no agent either. */
  @Column('uuid', { name: 'run_id', nullable: true }) runId: string | null;
  @Column('uuid', { name: 'user_id' }) userId: string;
  @Column('text') kind: ApprovalKind;
  @Column('text') reason: ApprovalReason;
  @Column('text', { nullable: true }) step: string | null;
  @Column('integer') attempt: number;
  @Column('text', { nullable: true }) agent: string | null;
  @Column('text') tool: string;
  @Column('text', { name: 'definition_hash' }) definitionHash: string;
  @Column('jsonb', { name: 'requested_arguments' }) requestedArguments: Arguments;
  @Column('text', { name: 'requested_hash' }) requestedHash: string;
  @Column('jsonb') arguments: Arguments;
  @Column('text', { name: 'arguments_hash' }) argumentsHash: string;
  @Column('text') status: ApprovalStatus;
  @Column('text', { nullable: true }) comment: string | null;
  @Column('timestamptz', { name: 'decided_at', nullable: true }) decidedAt: Date | null;
  /** When a call of its owner's own was made, or refused, by this answer: it counts once. */
  @Column('timestamptz', { name: 'used_at', nullable: true }) usedAt: Date | null;
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
  @Column('timestamptz', { name: 'expires_at' }) expiresAt: Date;
}
