import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** Something that has to be told to a webhook. Rows are made by a trigger on `runs`, never by the application. */
@Entity('webhook_deliveries')
export class WebhookDelivery {
  @PrimaryColumn('bigint') position: string;
  @Column('uuid', { name: 'webhook_id' }) webhookId: string;
  @Column('uuid', { name: 'run_id' }) runId: string;
  /** The same for every try: receivers use it to ignore repeats. */
  @Column('text', { name: 'event_id' }) eventId: string;
  @Column('text') event: string;
  @Column('text') state: 'pending' | 'delivered' | 'failed';
  @Column('integer') attempts: number;
  @Column('timestamptz', { name: 'next_attempt_at', nullable: true }) nextAttemptAt: Date | null;
  @Column('integer', { name: 'response_status', nullable: true }) responseStatus: number | null;
  @Column('text', { name: 'error_code', nullable: true }) errorCode: string | null;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt: Date;
  @Column('timestamptz', { name: 'finished_at', nullable: true }) finishedAt: Date | null;
}
