import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import { type Scope } from '../common/actor.js';

/** A key for programs. Only a keyed hash of it is stored; a deleted row is a revoked key. */
@Entity('api_keys')
export class ApiKey {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid', { name: 'user_id' }) userId: string;
  @Column('text') name: string;
  @Column('text', { name: 'key_hash', select: false }) keyHash: string;
  @Column('text', { array: true }) scopes: Scope[];
  @Column('timestamptz', { name: 'expires_at', nullable: true }) expiresAt: Date | null;
  @Column('timestamptz', { name: 'last_used_at', nullable: true }) lastUsedAt: Date | null;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt: Date;
}
