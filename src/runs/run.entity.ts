import { Column, Entity, PrimaryColumn, VirtualColumn } from 'typeorm';
import {
  type RunCredential,
  type RunFailure,
  type RunInput,
  type RunLimits,
  type RunOutput,
  type RunStatus,
  type RunUsage,
} from './run.js';

/** A run of an agent: the truth that queue, workers and streams follow. */
@Entity('runs')
export class Run {
  @PrimaryColumn('uuid') id: string;
  /** Order of creation. The driver gives a bigint as text. */
  @Column({ type: 'bigint', insert: false, update: false }) position: string;
  @Column('uuid', { name: 'user_id' }) userId: string;
  @Column('uuid', { name: 'conversation_id', nullable: true }) conversationId: string | null;
  @Column('text') agent: string;
  @Column('text') status: RunStatus;
  @Column('jsonb') input: RunInput;
  @Column('uuid', { name: 'input_message_id', nullable: true }) inputMessageId: string | null;
  /** The message that its answer follows; null: the end of the active branch. */
  @Column('uuid', { name: 'answer_parent_id', nullable: true }) answerParentId: string | null;
  @Column('jsonb', { nullable: true }) output: RunOutput | null;
  @Column('jsonb', { nullable: true }) error: RunFailure | null;
  @Column('jsonb') usage: RunUsage;
  @Column('jsonb') limits: Partial<RunLimits>;
  @Column('jsonb') metadata: Readonly<Record<string, unknown>>;
  @Column('jsonb') variables: Readonly<Record<string, string>>;
  @Column('jsonb', { name: 'output_schema', nullable: true }) outputSchema: Readonly<
    Record<string, unknown>
  > | null;
  /** No tool is run: their answers are made from their output schemas. */
  @Column('boolean') simulate: boolean;
  @Column('jsonb') credential: RunCredential;
  @Column('text', { nullable: true }) traceparent: string | null;
  @Column('text', { name: 'lease_owner', nullable: true }) leaseOwner: string | null;
  @Column('timestamptz', { name: 'lease_until', nullable: true }) leaseUntil: Date | null;
  @Column('smallint') priority: number;
  /** Not before. */
  @Column('timestamptz', { name: 'start_at', nullable: true }) startAt: Date | null;
  /** The run that failed and is done again by this one. */
  @Column('uuid', { name: 'retry_of', nullable: true }) retryOf: string | null;
  @Column('integer') fence: number;
  @Column('integer') attempt: number;
  @Column('integer', { name: 'last_seq' }) lastSeq: number;
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
  @Column('timestamptz', { name: 'started_at', nullable: true }) startedAt: Date | null;
  @Column('timestamptz', { name: 'finished_at', nullable: true }) finishedAt: Date | null;
  /** Rows of its journal. */
  @VirtualColumn('int', {
    query: (run) => `select count(*)::int from run_steps where run_id = ${run}.id`,
  })
  steps: number;
}
