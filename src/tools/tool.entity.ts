import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';
import { type ToolAccess, type ToolDefinition, type ToolKind, type ToolPolicy } from './tool.js';

/** What an admin decides about a tool, and which of its versions is in use. Its definition is in `tool_versions`. */
@Entity('tools')
export class ToolRow {
  @PrimaryColumn('text') name: string;
  @Column('text') kind: ToolKind;
  /** The list that it is on, see ToolSet; null for a tool that an admin made by itself. */
  @Column('text', { name: 'set_id', nullable: true }) setId: string | null;
  @Column('jsonb') source: Record<string, unknown>;
  @Column('integer') version: number;
  /** The version that its list offers now: another than `version` waits for approval. Null: not on a list now. */
  @Column('integer', { name: 'offered_version', nullable: true }) offeredVersion: number | null;
  @Column('jsonb') policy: ToolPolicy;
  @Column('jsonb') access: ToolAccess;
  @Column('text', { name: 'required_scopes', array: true }) requiredScopes: string[];
  @Column('boolean') enabled: boolean;
  @Column('text') state: ToolDefinition['state'];
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt: Date;
  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at' }) updatedAt: Date;
}
