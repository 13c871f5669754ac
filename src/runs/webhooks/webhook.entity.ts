import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** An address of a user that is told when his runs end. */
@Entity('webhooks')
export class Webhook {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid', { name: 'user_id' }) userId: string;
  @Column('text') url: string;
  @Column('text', { array: true }) events: string[];
  /** Sealed. */
  @Column('text', { select: false }) secret: string;
  @Column('boolean') enabled: boolean;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt: Date;
}
