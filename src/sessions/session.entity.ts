import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A login on one device. Its refresh token rotates; only hashes are stored. */
@Entity('sessions')
export class Session {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid', { name: 'user_id' }) userId: string;
  @Column('text', { nullable: true }) device: string | null;
  @Column('text', { nullable: true }) ip: string | null;
  @Column('text', { name: 'refresh_hash' }) refreshHash: string;
  @Column('text', { name: 'previous_refresh_hash', nullable: true }) previousRefreshHash: string | null;
  /** The sealed answer of the last rotation, for a client that did not get it. */
  @Column('text', { name: 'rotated_answer', nullable: true }) rotatedAnswer: string | null;
  @Column('timestamptz', { name: 'rotated_at' }) rotatedAt: Date;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt: Date;
  @Column('timestamptz', { name: 'last_seen_at' }) lastSeenAt: Date;
  @Column('timestamptz', { name: 'expires_at' }) expiresAt: Date;
  @Column('timestamptz', { name: 'revoked_at', nullable: true }) revokedAt: Date | null;
}
