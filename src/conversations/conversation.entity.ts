import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A conversation of one user. Its row is the lock under which messages are appended. */
@Entity('conversations')
export class Conversation {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid', { name: 'user_id' }) userId: string;
  @Column('text', { nullable: true }) title: string | null;
  /** Agent of runs that name none; null for the default. */
  @Column('text', { nullable: true }) agent: string | null;
  @Column('jsonb') metadata: Record<string, string>;
  /** Last message of the branch that is shown and continued; null while there is none. */
  @Column('uuid', { name: 'active_leaf_id', nullable: true }) activeLeafId: string | null;
  /** Position of the newest message; the next one gets this plus one. */
  @Column('integer', { name: 'last_position' }) lastPosition: number;
  @Column('timestamptz', { name: 'archived_at', nullable: true }) archivedAt: Date | null;
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
  @Column('timestamptz', { name: 'updated_at' }) updatedAt: Date;
}
