import { canonicalHash } from '../tools/schema/canonical-json.js';
import { type Arguments, type BoundCall, type KnownApproval } from './approvals/approval.js';
import { ApprovalErrors } from './approvals/approvals.errors.js';
import { resolved, type RunApprovals } from './approvals/run-approvals.js';
import { type RunControl } from './run-control.js';
import { type EventAgent, newEvent, type NewRunEvent } from './run-event.js';
import { type RunStep } from './run-step.js';
import { type RunTrace } from './run-trace.js';
import { type RunWriter } from './run-writer.js';
import { withEarlier } from './usage/call-usage.js';

/** A step that is about to be taken, or replayed. */
export interface StepPlan extends Pick<RunStep, 'path' | 'kind' | 'agent' | 'name' | 'request'> {
  /** May it be begun again when nobody knows whether the first time had an effect? */
  readonly repeatable: boolean;
  /** Of the tool's definition, for a step that is not repeatable. */
  readonly definitionHash?: string;
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
    private readonly approvals: RunApprovals,
  ) {
    this.rows = new Map(rows.map((row) => [row.path, row]));
  }

  /**
   * Takes a step, or gives its row when it was taken before. `started` is committed before `take` begins, and the end
   * before anything comes of it: together with the beginning of the next step, or before the end of the run. A step that was begun and may not be repeated is asked about: a side effect never happens
   * twice unless the user wants it. [R25]
   */
  step(plan: StepPlan, take: (started: RunStep) => Promise<StepEnd>): Promise<RunStep> {
    return this.control.track(this.takeOrReplay(plan, take));
  }

  /** Was this step begun before? */
  holds(path: string): boolean {
    return this.rows.has(path);
  }

  private async takeOrReplay(plan: StepPlan, take: (started: RunStep) => Promise<StepEnd>): Promise<RunStep> {
    const known = this.rows.get(plan.path);
    if (known !== undefined && known.status !== 'started') return known;
    this.control.boundary();
    const answer = known !== undefined && !plan.repeatable ? await this.mayRepeat(known, plan) : undefined;
    if (known !== undefined && answer !== undefined && answer.status !== 'approved') {
      const { code, message } = ApprovalErrors.tool_call_unknown();
      const { by, toolCallId } = originOf(known);
      return this.giveUp(known, code, message, [resolved(answer, by, toolCallId)]);
    }
    const { repeatable: _, definitionHash: __, started, ...columns } = plan;
    const events = known === undefined ? started : this.againEvents(known, answer);
    const row: RunStep = {
      ...columns,
      request: known?.request ?? plan.request,
      status: 'started',
      result: null,
      usage: withEarlier(known?.usage, undefined, plan.name) ?? null,
      attempt: (known?.attempt ?? 0) + 1,
      startedAt: known?.startedAt ?? new Date(),
      finishedAt: null,
    };
    this.rows.set(plan.path, row);
    await this.writer.save(row, ...events);
    // Between the commit and now this process may have stood still.
    this.control.checkLease();
    const end = await this.trace.step(row, () => take(row));
    // A call that failed because it was stopped has not ended: it is taken again, or gets its synthetic result.
    if (this.control.reason !== undefined && end.status === 'failed') {
      await this.keepUsage(row, end);
      throw this.control.reason;
    }
    return this.finish(row, end);
  }

  /** A step that was stopped has no end yet, but what it used until then counts at once. */
  private async keepUsage(row: RunStep, { usage, name = row.name }: StepEnd): Promise<void> {
    if (usage === undefined || this.control.reason?.kind === 'lost') return;
    const spent = { ...row, usage: withEarlier(row.usage, usage, name) };
    await this.writer.save(spent);
    this.rows.set(row.path, { ...spent, usage: withEarlier(spent.usage, undefined, name) });
  }

  /** What the user says about a call of which nobody knows whether it had an effect. Throws RunStop to ask him. */
  private async mayRepeat(known: RunStep, plan: StepPlan): Promise<KnownApproval> {
    const { path: step, attempt } = known;
    const args = (known.request ?? {}) as Arguments;
    const requestedHash = canonicalHash(args);
    const definitionHash = plan.definitionHash ?? '';
    const call: BoundCall = { kind: 'confirm_retry', step, attempt, definitionHash, requestedHash };
    return (
      this.approvals.answer(call) ??
      this.approvals.ask({
        ...call,
        ...originOf(known),
        ...{ reason: 'confirm_retry', agent: known.agent, tool: known.name, arguments: args },
      })
    );
  }

  private againEvents(known: RunStep, answer: KnownApproval | undefined): NewRunEvent[] {
    if (answer === undefined) return [];
    const { by, toolCallId } = originOf(known);
    return [resolved(answer, by, toolCallId)];
  }

  /** The agent that took the first step; undefined before it. Every path begins with its name. */
  get beganWith(): string | undefined {
    const [first] = this.rows.keys();
    return first?.split(/[/>]/, 1)[0];
  }

  /** The steps that the agent of a path took, with those of its sub-agents. */
  stepsOf(path: string): RunStep[] {
    return [...this.rows.values()].filter(
      (row) => row.path.startsWith(`${path}/`) || row.path.startsWith(`${path}>`),
    );
  }

  /** Steps that were begun and have no end. */
  dangling(): RunStep[] {
    return [...this.rows.values()].filter((row) => row.status === 'started');
  }

  /** Ends a step of which nothing more will be known, with a result that says so. */
  giveUp(step: RunStep, code: string, text: string, events: readonly NewRunEvent[] = []): RunStep {
    const { by, toolCallId } = originOf(step);
    const failed = newEvent('tool_call.failed', by, {
      toolCallId,
      tool: step.name,
      error: { code, message: text },
    });
    return this.finish(step, {
      status: 'failed',
      result: { text, isError: true, errorCode: code },
      events: [...events, ...(step.kind === 'tool' ? [failed] : [])],
    });
  }

  /** The end of a step. */
  private finish(step: RunStep, end: StepEnd): RunStep {
    const { status, result, name = step.name } = end;
    const usage = withEarlier(step.usage, end.usage, name) ?? null;
    const done: RunStep = { ...step, name, status, result, usage, finishedAt: new Date() };
    this.rows.set(step.path, done);
    this.writer.add(done, ...end.events);
    return done;
  }
}

/** Whose step it is, and which call of a tool. */
function originOf(step: RunStep): { readonly by: EventAgent; readonly toolCallId: string } {
  const at = step.path.lastIndexOf('/');
  const by = { name: step.agent, path: step.path.slice(0, at) };
  return { by, toolCallId: step.path.slice(at + '/t:'.length) };
}
