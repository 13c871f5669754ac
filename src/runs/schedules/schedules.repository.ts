import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { type Transaction } from '../../platform/database/transactions.js';
import { Schedule } from './schedule.entity.js';

/** What a tick leaves behind. */
export interface Ticked {
  readonly next: Date;
  readonly runId?: string;
  readonly problem?: string;
  /** It makes no sense to go on. */
  readonly pause?: boolean;
}

@Injectable()
export class SchedulesRepository {
  constructor(@InjectRepository(Schedule) private readonly schedules: Repository<Schedule>) {}

  async insert(schedule: Schedule, transaction: Transaction): Promise<void> {
    await transaction.getRepository(Schedule).insert(schedule);
  }

  find(userId: string, id: string): Promise<Schedule | null> {
    return this.schedules.findOneBy({ userId, id });
  }

  count(userId: string): Promise<number> {
    return this.schedules.countBy({ userId });
  }

  /** Newest first. */
  list(userId: string, before: string | undefined, limit: number): Promise<Schedule[]> {
    const query = this.schedules
      .createQueryBuilder('schedule')
      .where('schedule.userId = :userId', { userId })
      .orderBy('schedule.id', 'DESC')
      .limit(limit);
    if (before !== undefined) query.andWhere('schedule.id < :before', { before });
    return query.getMany();
  }

  async update(userId: string, id: string, change: Partial<Schedule>, tx: Transaction): Promise<boolean> {
    const { affected } = await tx.update(Schedule, { userId, id }, { ...change, updatedAt: new Date() });
    return affected === 1;
  }

  async delete(userId: string, id: string, tx: Transaction): Promise<boolean> {
    return (await tx.delete(Schedule, { userId, id })).affected === 1;
  }

  /** Schedules whose time has come, by the clock of the database. */
  due(limit: number): Promise<Schedule[]> {
    return this.schedules
      .createQueryBuilder('schedule')
      .where('schedule.enabled and schedule.nextRunAt <= now()')
      .orderBy('schedule.nextRunAt')
      .limit(limit)
      .getMany();
  }

  /** Moves a schedule on from the tick that the caller saw; false when another instance, or its owner, was first. */
  async tick(
    { id, nextRunAt }: Schedule,
    { next, runId, problem, pause = false }: Ticked,
    transaction: Transaction,
  ): Promise<boolean> {
    const [, changed]: [unknown, number] = await transaction.query(
      `update schedules set next_run_at = $3, problem = $4, enabled = not $5,
          last_run_id = coalesce($6, last_run_id), last_run_at = case when $6::uuid is null then last_run_at else now() end
        where id = $1 and date_trunc('milliseconds', next_run_at) = $2 and enabled`,
      [id, nextRunAt, next, problem ?? null, pause, runId ?? null],
    );
    return changed > 0;
  }

  /** Is the last run of the schedule still to be done? */
  async isBusy({ lastRunId }: Schedule, transaction: Transaction): Promise<boolean> {
    if (lastRunId === null) return false;
    const rows: unknown[] = await transaction.query(
      `select 1 from runs where id = $1 and status in ('queued', 'running', 'requires_action', 'cancelling')`,
      [lastRunId],
    );
    return rows.length > 0;
  }
}
