import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One thing that was done, in a chain: `hash` covers the entry and the hash before it. */
@Entity('audit_log')
export class AuditEntry {
  @PrimaryColumn('bigint', { transformer: { from: Number, to: (value: number) => value } }) sequence: number;
  @Column('timestamptz') at: Date;
  @Column('uuid', { name: 'actor_id', nullable: true }) actorId: string | null;
  @Column('text', { nullable: true }) credential: string | null;
  @Column('text') action: string;
  @Column('text', { name: 'target_type' }) targetType: string;
  @Column('text', { name: 'target_id' }) targetId: string;
  @Column('jsonb') details: Record<string, unknown>;
  @Column('text') hash: string;
}

/** An entry before it has its place in the chain. */
export type AuditRecord = Omit<AuditEntry, 'sequence' | 'hash'>;
