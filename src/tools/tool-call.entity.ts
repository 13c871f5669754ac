import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** The record of one call of a tool: who called what with what, how it ended. Written before the caller is answered. */
@Entity('tool_calls')
export class ToolCallRow {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid', { name: 'user_id' }) userId: string;
  @Column('uuid', { name: 'api_key_id', nullable: true }) apiKeyId: string | null;
  @Column('text') tool: string;
  @Column('integer') version: number;
  @Column('text', { nullable: true }) agent: string | null;
  @Column('uuid', { name: 'run_id', nullable: true }) runId: string | null;
  @Column('text', { nullable: true }) step: string | null;
  @Column('text', { name: 'arguments_hash' }) argumentsHash: string;
  /** Null when they are too large to keep; the hash is always there. */
  @Column('jsonb', { nullable: true }) arguments: unknown;
  /** `refused`: the arguments were not valid, the tool did not run. */
  @Column('text') status: 'completed' | 'failed' | 'refused';
  /** How it was answered: by the tool, from the cache, or without either. */
  @Column('text') mode: 'live' | 'cached' | 'dry_run' | 'simulated';
  @Column('text', { name: 'error_code', nullable: true }) errorCode: string | null;
  @Column('integer', { name: 'duration_ms' }) durationMs: number;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt: Date;
}
