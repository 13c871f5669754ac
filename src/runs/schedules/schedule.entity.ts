import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type RunCredential } from '../run.js';

/** When an agent is asked something by itself. The row is the truth: every worker reads it, one acts. */
@Entity('schedules')
export class Schedule {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid', { name: 'user_id' }) userId: string;
  @Column('text') name: string;
  @Column('text') agent: string;
  @Column('text') input: string;
  @Column('text') cron: string;
  /** IANA name. */
  @Column('text', { name: 'time_zone' }) timeZone: string;
  @Column('text') overlap: 'skip' | 'enqueue';
  @Column('boolean') enabled: boolean;
  @Column('text', { nullable: true }) problem: string | null;
  @Column('jsonb') credential: RunCredential;
  @Column('timestamptz', { name: 'next_run_at' }) nextRunAt: Date;
  @Column('uuid', { name: 'last_run_id', nullable: true }) lastRunId: string | null;
  @Column('timestamptz', { name: 'last_run_at', nullable: true }) lastRunAt: Date | null;
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
  @Column('timestamptz', { name: 'updated_at' }) updatedAt: Date;
}
