/**
 * What the run on the way to a point does: `note` makes one tool call, `lone` does so without a conversation, `tick` does
 * so for a schedule, `cancel` is cancelled while its model answers.
 */
export type Scene = 'note' | 'lone' | 'approval' | 'memory' | 'summary' | 'webhook' | 'cancel' | 'tick';

/** Where a server is killed: around a statement, inside its tool, while its model or a receiver of a webhook answers. */
export interface CrashPoint {
  readonly name: string;
  /** Default: `note`. */
  readonly scene?: Scene;
  /** See crash-at.mjs. */
  readonly statement?: { readonly when: 'before' | 'after'; readonly label: string; readonly once?: string };
  readonly tool?: 'before' | 'after';
  /** The how manieth request of the run, from 1, and whether part of the answer was sent. */
  readonly model?: { readonly request: number; readonly isBegun: boolean };
  readonly receiver?: true;
}

const CREATE = 'insert into runs \\(';
const RELEASE = 'released as \\(';
const DECIDE = 'update approvals set status = \\$3';

const CANCEL = "set status = 'cancelling'";
const TICK = 'update schedules set next_run_at';

const around = (
  name: string,
  label: string,
  more: { readonly once?: string; readonly scene?: Scene } = {},
): CrashPoint[] =>
  (['before', 'after'] as const).map((when) => ({
    name: `${when} ${name}`,
    statement: { when, label, ...(more.once !== undefined && { once: more.once }) },
    ...(more.scene !== undefined && { scene: more.scene }),
  }));

const model = (request: number, name = `model call ${request}`, scene: Scene = 'note'): CrashPoint[] => [
  { name: `${name} is sent`, model: { request, isBegun: false }, scene },
  { name: `${name} has half answered`, model: { request, isBegun: true }, scene },
];

/** The way of a run with one tool call, from its POST to its end. */
export const CRASH_POINTS: readonly CrashPoint[] = [
  ...around('the question is inserted', 'insert into "messages"'),
  ...around('the run is inserted', CREATE),
  ...around('its key is inserted', 'insert into idempotency_keys'),
  ...around('the run is committed', '^COMMIT$', { once: CREATE }),
  ...around('a worker takes the run', 'status = case r.status'),
  ...around('the first model call is journaled', 'step clerk/m0 started'),
  ...model(1),
  ...around('the first answer is journaled', 'step clerk/m0 completed'),
  ...around('the tool call is journaled', 'step clerk/t:\\S+ started'),
  { name: 'the tool begins', tool: 'before' },
  { name: 'the tool has had its effect', tool: 'after' },
  ...around('the call is recorded', 'insert into tool_calls'),
  ...around('the result is journaled', 'step clerk/t:\\S+ completed'),
  ...model(2),
  ...around('the second answer is journaled', 'step clerk/m1 completed'),
  ...around('the answer is inserted', 'insert into "messages"', { once: 'step clerk/m1 completed' }),
  ...around('the run is let go', RELEASE),
  ...around('its end is committed', '^COMMIT$', { once: RELEASE }),
  ...around('a run without a conversation is let go', RELEASE, { scene: 'lone' }),
  ...around('the approval is asked for', 'event approval.requested', { scene: 'approval' }),
  ...around('the run waits', RELEASE, { scene: 'approval' }),
  ...around('the decision is made', DECIDE, { scene: 'approval' }),
  ...around('the decision is committed', '^COMMIT$', { once: DECIDE, scene: 'approval' }),
  ...around('the approved call is journaled', 'step clerk/t:\\S+ started', { scene: 'approval' }),
  { name: 'the approved tool begins', tool: 'before', scene: 'approval' },
  { name: 'the approved tool has had its effect', tool: 'after', scene: 'approval' },
  ...around('the approved result is journaled', 'step clerk/t:\\S+ completed', { scene: 'approval' }),
  ...around('a memory note is inserted', 'insert into memory_notes', { scene: 'memory' }),
  ...around('its result is journaled', 'step clerk/t:\\S+ completed', { scene: 'memory' }),
  ...around('the call for a summary is journaled', 'step \\S+/summary/m0 started', { scene: 'summary' }),
  ...model(1, 'the call for a summary', 'summary'),
  ...around('the summary is journaled', 'step \\S+/summary/m0 completed', { scene: 'summary' }),
  ...around('the summary is inserted', 'insert into conversation_summaries', { scene: 'summary' }),
  {
    name: 'before the webhook is taken',
    statement: { when: 'before', label: 'update webhook_deliveries d\\b', once: RELEASE },
    scene: 'webhook',
  },
  { name: 'the webhook has been received', receiver: true, scene: 'webhook' },
  ...around('its delivery is written down', 'update webhook_deliveries set state', { scene: 'webhook' }),
  ...around('the cancel is asked for', CANCEL, { scene: 'cancel' }),
  // The model call is aborted by now.
  ...around('the aborted call is closed', 'step clerk/m0 failed', { scene: 'cancel' }),
  ...around('the partial answer is inserted', 'insert into "messages"', { once: CANCEL, scene: 'cancel' }),
  ...around('the cancelled run is let go', RELEASE, { scene: 'cancel' }),
  ...around('its cancelled end is committed', '^COMMIT$', { once: RELEASE, scene: 'cancel' }),
  ...around('the run of a tick is inserted', CREATE, { scene: 'tick' }),
  ...around('the schedule is moved on', TICK, { scene: 'tick' }),
  ...around('the tick is committed', '^COMMIT$', { once: TICK, scene: 'tick' }),
];
