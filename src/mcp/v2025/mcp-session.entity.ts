import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A session of a 2025-era MCP client: what it takes to build it again on any instance, after any restart. */
@Entity('mcp_sessions')
export class McpSession {
  /** The Mcp-Session-Id: 192 random bits. It names the session; the credential proves the user. */
  @PrimaryColumn('text') id: string;
  @Column('uuid', { name: 'user_id' }) userId: string;
  /** The params of the client's `initialize`. */
  @Column('jsonb') initialize: Record<string, unknown>;
  /** The level of `logging/setLevel`; null is every level. */
  @Column('text', { name: 'log_level', nullable: true }) logLevel: string | null;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt: Date;
  @Column('timestamptz', { name: 'last_seen_at' }) lastSeenAt: Date;
}
