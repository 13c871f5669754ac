/** Names of all events of a run; `run.*` but for `run.created`, `run.queued` and `run.started` end a stream. */
export const RUN_EVENTS = [
  'run.created',
  'run.queued',
  'run.started',
  'agent.started',
  'agent.completed',
  'agent.handoff',
  'message.created',
  'message.delta',
  'message.reset',
  'message.completed',
  'tool_call.started',
  'tool_call.completed',
  'tool_call.failed',
  'approval.requested',
  'approval.resolved',
  'usage.updated',
  'run.requires_action',
  'run.completed',
  'run.failed',
  'run.cancelled',
  'run.expired',
] as const;
export type RunEventType = (typeof RUN_EVENTS)[number];

const LAST_EVENTS: ReadonlySet<string> = new Set<RunEventType>([
  'run.requires_action',
  'run.completed',
  'run.failed',
  'run.cancelled',
  'run.expired',
]);

/** Does nothing follow this event, unless somebody acts? */
export function endsStream(type: string): boolean {
  return LAST_EVENTS.has(type);
}

/** Has the run ended? */
export function endsRun(type: string): boolean {
  return endsStream(type) && type !== 'run.requires_action';
}

/** Who an event is about: `assistant` with path `assistant`, a sub-agent with `assistant>analyst:<call id>`. */
export interface EventAgent {
  readonly name: string;
  readonly path: string;
}

/** An event before it has its number. */
export interface NewRunEvent {
  readonly type: RunEventType;
  readonly agent: EventAgent;
  readonly data: Readonly<Record<string, unknown>>;
  /** RFC 3339. */
  readonly at: string;
}

export interface RunEvent extends Omit<NewRunEvent, 'at'> {
  readonly runId: string;
  readonly seq: number;
  readonly at: Date;
}

/** What the channel of a run says when one of its new events ends a stream; else it says nothing but that there are new ones. */
export const ENDED = 'ended';

/** The bus channel that says "this run has new events". */
export function eventsChannel(runId: string): string {
  return `run:${runId}`;
}

/** The bus channel that says "this conversation has a new run". */
export function conversationChannel(conversationId: string): string {
  return `conversation:${conversationId}`;
}

/** The bus channel on which workers are told that a run of theirs was cancelled; the payload is its id. */
export const CONTROL_CHANNEL = 'run-control';

export function newEvent(
  type: RunEventType,
  agent: EventAgent,
  data: Readonly<Record<string, unknown>> = {},
): NewRunEvent {
  return { type, agent, data, at: new Date().toISOString() };
}
