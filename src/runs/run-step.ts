/** How far a step got. A `failed` one is an answer too: it is not tried again. */
export type StepStatus = 'started' | 'completed' | 'failed';

/** A row of the journal: one model call, tool call or question to a sub-agent. */
export interface RunStep {
  /** `assistant/m0`, `assistant/t:<call id>`, `assistant>analyst:<call id>/m0`; unique within the run. */
  readonly path: string;
  readonly kind: 'model' | 'tool' | 'agent';
  readonly agent: string;
  /** Model id, tool name or agent name. */
  readonly name: string;
  readonly status: StepStatus;
  readonly request: unknown;
  readonly result: unknown;
  readonly usage: unknown;
  /** Times that it was begun. */
  readonly attempt: number;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
}
