import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';
import { type UpstreamAuth } from './upstream-auth.js';

/** What an upstream says of itself; shown, never believed. */
export interface ServerInfo {
  readonly name: string;
  readonly version: string;
}

/** A tool that the server offers and that could not be taken, with the reason. */
export interface ToolProblem {
  readonly tool: string;
  readonly message: string;
}

/** An upstream MCP server: how it is reached, and how it was when it was last looked at. */
@Entity('mcp_servers')
export class McpServerRow {
  @PrimaryColumn('uuid') id: string;
  @Column('text') name: string;
  /** `file`: from MCP_SERVERS_FILE, where the way to reach it stays. */
  @Column('text') origin: 'api' | 'file';
  @Column('text') transport: 'http' | 'stdio';
  @Column('text', { nullable: true }) url: string | null;
  @Column('jsonb') headers: Record<string, string>;
  @Column('jsonb', { nullable: true }) auth: UpstreamAuth | null;
  /** Whose sign-in lists the tools, where each user has his own. */
  @Column('uuid', { name: 'list_user_id', nullable: true }) listUserId: string | null;
  @Column('boolean') enabled: boolean;
  /** Rises with every change of how it is reached. */
  @Column('integer') revision: number;
  @Column('text') state: 'healthy' | 'unhealthy' | 'unknown';
  @Column('timestamptz', { name: 'state_since' }) stateSince: Date;
  @Column('text', { name: 'last_error', nullable: true }) lastError: string | null;
  /** Checks that failed one after another. */
  @Column('integer') failures: number;
  @Column('jsonb', { name: 'server_info', nullable: true }) serverInfo: ServerInfo | null;
  @Column('text', { name: 'protocol_version', nullable: true }) protocolVersion: string | null;
  @Column('integer', { name: 'tool_count' }) toolCount: number;
  @Column('jsonb') problems: ToolProblem[];
  @Column('timestamptz', { name: 'checked_at', nullable: true }) checkedAt: Date | null;
  @Column('timestamptz', { name: 'next_check_at' }) nextCheckAt: Date;
  @Column('timestamptz', { name: 'seen_at' }) seenAt: Date;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt: Date;
  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at' }) updatedAt: Date;
}
