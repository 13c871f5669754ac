import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** The whole of a result that was cut for its caller. Kept for a while, for him only. */
@Entity('tool_results')
export class ToolResultRow {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid', { name: 'user_id' }) userId: string;
  @Column('text') tool: string;
  @Column('text', { name: 'mime_type' }) mimeType: string;
  @Column('text') content: string;
  /** It was too large to keep whole. */
  @Column('boolean') truncated: boolean;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt: Date;
  @Column('timestamptz', { name: 'expires_at' }) expiresAt: Date;
}
