import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { AppError } from '../../common/app-error.js';
import { ENV, type Env } from '../../config/env.js';
import { Transactions } from '../../platform/database/transactions.js';
import { Draining } from '../../platform/http/draining.js';
import { nextTick } from './cron.js';
import { type Schedule } from './schedule.entity.js';
import { ScheduledRuns } from './scheduled-runs.service.js';
import { SchedulesRepository } from './schedules.repository.js';

const LOOK_MS = 1000;
const BATCH = 50;
/** After these a schedule cannot come true by itself any more. */
const LASTING = new Set(['user_disabled', 'agent_not_found']);

/**
 * Makes the runs of schedules whose time has come. A plain timer in every worker; who moves the row on from its tick
 * makes the run, in one transaction, so a tick is one run however many instances look. Ticks of a time in which no
 * worker was there are made up for by one run.
 */
@Injectable()
export class ScheduleTicker implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger('Schedules');
  private timer?: NodeJS.Timeout;

  constructor(
    @Inject(ENV) private readonly env: Env,
    private readonly schedules: SchedulesRepository,
    private readonly runs: ScheduledRuns,
    private readonly transactions: Transactions,
    private readonly draining: Draining,
  ) {}

  onApplicationBootstrap(): void {
    if (this.env.ROLE !== 'api') this.lookLater();
  }

  onModuleDestroy(): void {
    clearTimeout(this.timer);
  }

  private lookLater(): void {
    if (this.draining.signal.aborted) return;
    this.timer = setTimeout(() => {
      void this.look().finally(() => this.lookLater());
    }, LOOK_MS);
  }

  private async look(): Promise<void> {
    try {
      for (const schedule of await this.schedules.due(BATCH)) await this.tick(schedule);
    } catch (error) {
      this.log.warn({ err: error }, 'The look for due schedules failed; the next one follows');
    }
  }

  private async tick(schedule: Schedule): Promise<void> {
    const next = nextTick(schedule.cron, schedule.timeZone, new Date());
    try {
      const prepared = await this.runs.prepare(schedule);
      const runId = await this.transactions.run(async (transaction) => {
        const isBusy = schedule.overlap === 'skip' && (await this.schedules.isBusy(schedule, transaction));
        const id = isBusy ? undefined : await this.runs.create(prepared, transaction);
        // Rolls the run back when another instance was first.
        if (!(await this.schedules.tick(schedule, { next, runId: id }, transaction)))
          throw new TakenElsewhere();
        return id;
      });
      if (runId !== undefined) await this.runs.start(runId);
    } catch (error) {
      if (error instanceof TakenElsewhere) return;
      if (!(error instanceof AppError) || error.kind === 'unavailable') throw error;
      const { code } = error;
      const ticked = { next, problem: code, pause: LASTING.has(code) };
      await this.transactions.run((transaction) => this.schedules.tick(schedule, ticked, transaction));
      this.log.warn({ scheduleId: schedule.id, code, paused: ticked.pause }, 'A schedule made no run');
    }
  }
}

class TakenElsewhere extends Error {}
