import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import { type JsonSchema, type ToolAnnotations } from './tool.js';

/** What a tool says about itself; the hash is taken over exactly this. */
export interface ToolContract {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
  readonly outputSchema?: JsonSchema;
  readonly annotations: ToolAnnotations;
}

/** One version of a tool's definition. Never updated (a trigger refuses it). */
@Entity('tool_versions')
export class ToolVersion {
  @PrimaryColumn('text') tool: string;
  @PrimaryColumn('integer') version: number;
  @Column('jsonb') definition: ToolContract;
  /** Where calls of this version go. Null for versions that are older than this column. */
  @Column('jsonb', { nullable: true }) source: Record<string, unknown> | null;
  /** SHA-256 over the canonical JSON (RFC 8785) of the definition, and of `source` unless it is code; hex. */
  @Column('text') hash: string;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt: Date;
}
