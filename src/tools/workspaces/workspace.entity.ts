import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';

/** A secret of the vault, by name: the password or token that the Git host wants. */
export interface WorkspaceAuth {
  readonly type: 'basic' | 'bearer';
  readonly secret: string;
  readonly username?: string;
}

/** A remote Git repository that tools may read. Every machine keeps a clone of its own. */
@Entity('workspaces')
export class WorkspaceRow {
  @PrimaryColumn('text') name: string;
  @Column('text') url: string;
  /** Branch or tag; null is the one that the server names. */
  @Column('text', { nullable: true }) ref: string | null;
  /** Commits of history; null is all. */
  @Column('integer', { nullable: true }) depth: number | null;
  /** How a private repository is signed in to; null for a public one. */
  @Column('jsonb', { nullable: true }) auth: WorkspaceAuth | null;
  /** Raised by an update: a clone of an older generation is fetched anew. */
  @Column('integer') generation: number;
  @Column('text') state: 'fetching' | 'ready' | 'failed';
  /** Why it failed, safe to show. */
  @Column('text', { nullable: true }) problem: string | null;
  @Column('text', { nullable: true }) commit: string | null;
  /** Of its files. `bigint` comes as text. */
  @Column('bigint', { nullable: true }) bytes: string | null;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt: Date;
  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at' }) updatedAt: Date;
}
