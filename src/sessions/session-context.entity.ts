import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A value that a login session keeps for a while. */
@Entity('session_context')
export class SessionContextEntry {
  @PrimaryColumn('uuid', { name: 'session_id' }) sessionId: string;
  @PrimaryColumn('text') key: string;
  @Column('jsonb') value: unknown;
  @Column('timestamptz', { name: 'expires_at' }) expiresAt: Date;
}
