import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';
import { type AgentOrigin, type AgentSpec } from './agent.js';

/** An agent by name. What it is says its current version; a deleted seed stays as a row, so that it does not come back. */
@Entity('agents')
export class AgentRow {
  @PrimaryColumn('uuid') id: string;
  @Column('text') name: string;
  /** Null is shared by everyone. */
  @Column('uuid', { name: 'owner_id', nullable: true }) ownerId: string | null;
  @Column('text') origin: AgentOrigin;
  /** The version in use, not always the newest. */
  @Column('integer') version: number;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt: Date;
  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at' }) updatedAt: Date;
  @Column('timestamptz', { name: 'deleted_at', nullable: true }) deletedAt: Date | null;
}

/** One immutable state of an agent. */
@Entity('agent_versions')
export class AgentVersionRow {
  @PrimaryColumn('uuid', { name: 'agent_id' }) agentId: string;
  @PrimaryColumn('integer') version: number;
  @Column('text') origin: AgentOrigin;
  @Column('jsonb') definition: AgentSpec;
  @Column('text') hash: string;
  @Column('uuid', { name: 'created_by', nullable: true }) createdBy: string | null;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt: Date;
}
