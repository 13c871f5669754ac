/** Where a server is killed: around a statement, inside its tool, or while its model answers. */
export interface CrashPoint {
  readonly name: string;
  /** See crash-at.mjs. */
  readonly statement?: { readonly when: 'before' | 'after'; readonly label: string; readonly once?: string };
  readonly tool?: 'before' | 'after';
  /** The how manieth request of the run, from 1, and whether part of the answer was sent. */
  readonly model?: { readonly request: number; readonly isBegun: boolean };
  /** The call has to be approved first. */
  readonly approval?: true;
}

const CREATE = 'insert into "runs"';
const RELEASE = 'with released as';
const DECIDE = 'update approvals set status = \\$3';

const around = (
  name: string,
  label: string,
  more: { readonly once?: string; readonly approval?: true } = {},
): CrashPoint[] =>
  (['before', 'after'] as const).map((when) => ({
    name: `${when} ${name}`,
    statement: { when, label, ...(more.once !== undefined && { once: more.once }) },
    ...(more.approval && { approval: true }),
  }));

const model = (request: number): CrashPoint[] => [
  { name: `model call ${request} is sent`, model: { request, isBegun: false } },
  { name: `model call ${request} has half answered`, model: { request, isBegun: true } },
];

/** The way of a run with one tool call, from its POST to its end. */
export const CRASH_POINTS: readonly CrashPoint[] = [
  ...around('the question is inserted', 'insert into "messages"'),
  ...around('the run is inserted', CREATE),
  ...around('the run is committed', '^COMMIT$', { once: CREATE }),
  ...around('a worker takes the run', 'status = case r.status'),
  ...around('the first model call is journaled', 'step clerk/m0 started'),
  ...model(1),
  ...around('the first answer is journaled', 'step clerk/m0 completed'),
  ...around('the tool call is journaled', 'step clerk/t:\\S+ started'),
  { name: 'the tool begins', tool: 'before' },
  { name: 'the tool has had its effect', tool: 'after' },
  ...around('the call is recorded', 'insert into "tool_calls"'),
  ...around('the result is journaled', 'step clerk/t:\\S+ completed'),
  ...model(2),
  ...around('the second answer is journaled', 'step clerk/m1 completed'),
  ...around('the answer is inserted', 'insert into "messages"', { once: 'step clerk/m1 completed' }),
  ...around('the run is let go', RELEASE),
  ...around('its end is committed', '^COMMIT$', { once: RELEASE }),
  ...around('the approval is asked for', 'event approval.requested', { approval: true }),
  ...around('the run waits', RELEASE, { approval: true }),
  ...around('the decision is made', DECIDE, { approval: true }),
  ...around('the decision is committed', '^COMMIT$', { once: DECIDE, approval: true }),
  ...around('the approved call is journaled', 'step clerk/t:\\S+ started', { approval: true }),
];
