import { type RunControl, RunStop } from './run-control.js';
import { type NewRunEvent } from './run-event.js';
import { type RunStep } from './run-step.js';
import { type RunTrace } from './run-trace.js';
import { type RunWriter } from './run-writer.js';

/** A step that is about to be taken, or replayed. */
export interface StepPlan extends Pick<RunStep, 'path' | 'kind' | 'agent' | 'name' | 'request'> {
  /** May it be begun again when nobody knows whether the first time had an effect? */
  readonly repeatable: boolean;
  readonly started: readonly NewRunEvent[];
}

/** How a step ended. */
export interface StepEnd {
  readonly status: 'completed' | 'failed';
  readonly result: unknown;
  readonly usage?: unknown;
  /** What did it, when that was not known before. */
  readonly name?: string;
  readonly events: readonly NewRunEvent[];
}

/** The steps of a run: each is taken once, and replayed after a crash. */
export class RunJournal {
  private readonly rows: Map<string, RunStep>;

  constructor(
    rows: readonly RunStep[],
    private readonly writer: RunWriter,
    private readonly control: RunControl,
    private readonly trace: RunTrace,
  ) {
    this.rows = new Map(rows.map((row) => [row.path, row]));
  }

  /**
   * Takes a step, or gives its row when it was taken before. `started` is committed before `take` begins and the end
   * before this resolves. A step that was begun and may not be repeated stops the run: a side effect never happens
   * twice. [R25]
   */
  step(plan: StepPlan, take: (started: RunStep) => Promise<StepEnd>): Promise<RunStep> {
    return this.control.track(this.takeOrReplay(plan, take));
  }

  private async takeOrReplay(plan: StepPlan, take: (started: RunStep) => Promise<StepEnd>): Promise<RunStep> {
    const known = this.rows.get(plan.path);
    if (known !== undefined && known.status !== 'started') return known;
    this.control.boundary();
    if (known !== undefined && !plan.repeatable) {
      const need = { reason: 'confirm_retry', step: plan.path, tool: plan.name };
      this.control.stop(new RunStop('suspended', undefined, need));
      this.control.boundary();
    }
    const { repeatable: _, started: events, ...columns } = plan;
    const started: RunStep = {
      ...columns,
      request: known?.request ?? plan.request,
      status: 'started',
      result: null,
      usage: null,
      attempt: (known?.attempt ?? 0) + 1,
      startedAt: known?.startedAt ?? new Date(),
      finishedAt: null,
    };
    this.rows.set(plan.path, started);
    await this.writer.save(started, ...(known === undefined ? events : []));
    const end = await this.trace.step(started, () => take(started));
    // A call that failed because it was stopped has not ended: it is taken again, or gets its synthetic result.
    if (this.control.reason !== undefined && end.status === 'failed') throw this.control.reason;
    return this.finish(started, end);
  }

  /** Steps that were begun and have no end. */
  dangling(): RunStep[] {
    return [...this.rows.values()].filter((row) => row.status === 'started');
  }

  /** Writes the end of a step. */
  async finish(step: RunStep, end: StepEnd): Promise<RunStep> {
    const { status, result, usage = null, name = step.name } = end;
    const done: RunStep = { ...step, name, status, result, usage, finishedAt: new Date() };
    this.rows.set(step.path, done);
    await this.writer.save(done, ...end.events);
    return done;
  }
}
