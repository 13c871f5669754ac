import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';
import { type ToolAccess, type ToolDefinition, type ToolKind, type ToolPolicy } from './tool.js';

/** What an admin decides about a tool, and which of its versions is in use. Its definition is in `tool_versions`. */
@Entity('tools')
export class ToolRow {
  @PrimaryColumn('text') name: string;
  @Column('text') kind: ToolKind;
  @Column('jsonb') source: Record<string, unknown>;
  @Column('integer') version: number;
  @Column('jsonb') policy: ToolPolicy;
  @Column('jsonb') access: ToolAccess;
  @Column('text', { name: 'required_scopes', array: true }) requiredScopes: string[];
  @Column('boolean') enabled: boolean;
  @Column('text') state: ToolDefinition['state'];
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt: Date;
  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at' }) updatedAt: Date;
}
