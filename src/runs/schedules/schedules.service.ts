import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../audit/audit-log.service.js';
import { requireScopes } from '../../common/access.js';
import { type Actor } from '../../common/actor.js';
import { CommonErrors } from '../../common/common.errors.js';
import { newId } from '../../common/ids.js';
import { type Page, type PageQuery } from '../../common/page.js';
import { type Transaction, Transactions } from '../../platform/database/transactions.js';
import { Cursors } from '../../platform/secrets/cursors.js';
import { RunCreation } from '../run-creation.service.js';
import { cronProblem, nextTick } from './cron.js';
import { type Schedule } from './schedule.entity.js';
import { type NewSchedule, type ScheduleUpdate, type ScheduleView } from './schedules.dto.js';
import { ScheduleErrors } from './schedules.errors.js';
import { SchedulesRepository } from './schedules.repository.js';

const MAX_SCHEDULES = 100;

/** Schedules of the caller. One of somebody else is answered like one that never was. */
@Injectable()
export class SchedulesService {
  constructor(
    private readonly schedules: SchedulesRepository,
    private readonly creation: RunCreation,
    private readonly cursors: Cursors,
    private readonly transactions: Transactions,
    private readonly audit: AuditLog,
  ) {}

  /** Checks what a schedule needs outside of its transaction. Throws `invalid_request`, `agent_not_found`. */
  async check(actor: Actor, { agent, cron, timeZone, input }: NewSchedule): Promise<void> {
    requireScopes(actor, 'runs');
    checkCron(cron, timeZone);
    await this.creation.agentOf(actor, { agent, input });
    if ((await this.schedules.count(actor.userId)) >= MAX_SCHEDULES)
      throw ScheduleErrors.too_many_schedules();
  }

  /** Makes a schedule that `check` has let pass; its runs have the rights of the caller's credential. */
  async create(actor: Actor, wanted: NewSchedule, transaction: Transaction): Promise<ScheduleView> {
    const now = new Date();
    const schedule: Schedule = {
      ...wanted,
      id: newId(),
      userId: actor.userId,
      problem: null,
      credential: { scopes: [...actor.scopes] },
      nextRunAt: nextTick(wanted.cron, wanted.timeZone, now),
      lastRunId: null,
      lastRunAt: null,
      createdAt: now,
      updatedAt: now,
    };
    await this.schedules.insert(schedule, transaction);
    const { agent, cron, timeZone } = schedule;
    const target = { type: 'schedule', id: schedule.id };
    await this.audit.record(actor, 'schedule.created', target, { agent, cron, timeZone }, transaction);
    return toView(schedule);
  }

  /** Newest first. */
  async list(actor: Actor, { limit, cursor }: PageQuery): Promise<Page<ScheduleView>> {
    requireScopes(actor, 'runs');
    const list = `schedules:${actor.userId}`;
    const before = this.cursors.read(list, cursor);
    const rows = await this.schedules.list(actor.userId, before, limit + 1);
    const page = this.cursors.page(list, rows, limit, (row) => row.id);
    return { ...page, items: page.items.map(toView) };
  }

  /** Throws `schedule_not_found`. */
  async get(actor: Actor, id: string): Promise<ScheduleView> {
    requireScopes(actor, 'runs');
    return toView(await this.find(actor, id));
  }

  /** Throws `schedule_not_found`, `invalid_request`, `agent_not_found`. */
  async update(actor: Actor, id: string, change: ScheduleUpdate): Promise<ScheduleView> {
    requireScopes(actor, 'runs');
    const { cron, timeZone, agent, input } = { ...(await this.find(actor, id)), ...change };
    checkCron(cron, timeZone);
    if (change.agent !== undefined) await this.creation.agentOf(actor, { agent, input });
    const nextRunAt = nextTick(cron, timeZone, new Date());
    await this.transactions.run(async (tx) => {
      const row = {
        ...change,
        nextRunAt,
        problem: null,
        // What it does from now on, it does with the rights of who said so.
        credential: { scopes: [...actor.scopes] },
      };
      if (!(await this.schedules.update(actor.userId, id, row, tx)))
        throw ScheduleErrors.schedule_not_found();
      const changed = Object.keys(change);
      await this.audit.record(actor, 'schedule.changed', { type: 'schedule', id }, { changed }, tx);
    });
    return this.get(actor, id);
  }

  /** Runs that it made stay. Throws `schedule_not_found`. */
  async delete(actor: Actor, id: string): Promise<void> {
    requireScopes(actor, 'runs');
    await this.transactions.run(async (tx) => {
      if (!(await this.schedules.delete(actor.userId, id, tx))) throw ScheduleErrors.schedule_not_found();
      await this.audit.record(actor, 'schedule.deleted', { type: 'schedule', id }, {}, tx);
    });
  }

  private async find(actor: Actor, id: string): Promise<Schedule> {
    const schedule = await this.schedules.find(actor.userId, id);
    if (schedule === null) throw ScheduleErrors.schedule_not_found();
    return schedule;
  }
}

function checkCron(cron: string, timeZone: string): void {
  const problem = cronProblem(cron, timeZone);
  if (problem !== undefined) throw CommonErrors.invalid_request(undefined, { errors: [problem] });
}

function toView(schedule: Schedule): ScheduleView {
  const { problem, nextRunAt, lastRunId, lastRunAt, createdAt, updatedAt, ...rest } = schedule;
  const { userId: _, credential: __, ...shown } = rest;
  return {
    ...shown,
    ...(problem !== null && { problem }),
    ...(schedule.enabled && { nextRunAt: nextRunAt.toISOString() }),
    ...(lastRunId !== null && { lastRunId }),
    ...(lastRunAt !== null && { lastRunAt: lastRunAt.toISOString() }),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
