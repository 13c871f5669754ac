import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type ApprovalKind, type ApprovalReason, type ApprovalStatus, type Arguments } from './approval.js';

/** A question to the owner of a run, bound to one call, and its answer. */
@Entity('approvals')
export class Approval {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid', { name: 'run_id' }) runId: string;
  @Column('uuid', { name: 'user_id' }) userId: string;
  @Column('text') kind: ApprovalKind;
  @Column('text') reason: ApprovalReason;
  @Column('text') step: string;
  @Column('integer') attempt: number;
  @Column('text') agent: string;
  @Column('text') tool: string;
  @Column('text', { name: 'definition_hash' }) definitionHash: string;
  @Column('jsonb', { name: 'requested_arguments' }) requestedArguments: Arguments;
  @Column('text', { name: 'requested_hash' }) requestedHash: string;
  @Column('jsonb') arguments: Arguments;
  @Column('text', { name: 'arguments_hash' }) argumentsHash: string;
  @Column('text') status: ApprovalStatus;
  @Column('text', { nullable: true }) comment: string | null;
  @Column('timestamptz', { name: 'decided_at', nullable: true }) decidedAt: Date | null;
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
  @Column('timestamptz', { name: 'expires_at' }) expiresAt: Date;
}
