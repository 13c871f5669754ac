import { type AgentDefinition } from '../agents/agent.js';
import { type Scope } from '../common/actor.js';
import { type MessageContent } from '../conversations/message.js';

export const RUN_STATUSES = [
  'queued',
  'running',
  'requires_action',
  'cancelling',
  'completed',
  'failed',
  'cancelled',
  'expired',
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** The only ways in which a status moves. Queries name the statuses that they may come from by this table. */
export const TRANSITIONS: Readonly<Record<RunStatus, readonly RunStatus[]>> = {
  queued: ['running', 'failed', 'cancelled', 'expired'],
  // Back to `queued` when its worker shuts down and hands it to another one.
  running: ['queued', 'requires_action', 'cancelling', 'completed', 'failed', 'cancelled'],
  requires_action: ['queued', 'cancelled', 'expired'],
  // A cancel may come too late: the run may be complete by then.
  cancelling: ['cancelled', 'completed', 'failed'],
  completed: [],
  failed: [],
  cancelled: [],
  expired: [],
};

/** The statuses from which `status` can be reached. */
export function sourcesOf(status: RunStatus): RunStatus[] {
  return RUN_STATUSES.filter((from) => TRANSITIONS[from].includes(status));
}

export function isTerminal(status: RunStatus): boolean {
  return TRANSITIONS[status].length === 0;
}

/** What a run used so far. */
export interface RunUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly modelCalls: number;
  readonly toolCalls: number;
  /** Of the calls whose price is known. */
  readonly costUsd: number;
  /** Model calls whose price nobody gave. */
  readonly unpricedCalls?: number;
  /** Model calls that the response cache answered: no tokens, no cost. */
  readonly cacheHits?: number;
  /** True when a model did not count its tokens itself. */
  readonly estimated: boolean;
}

export const NO_USAGE: RunUsage = {
  inputTokens: 0,
  outputTokens: 0,
  modelCalls: 0,
  toolCalls: 0,
  costUsd: 0,
  estimated: false,
};

/** What the credential that made a run may do: a run never gains rights that its maker did not have. */
export interface RunCredential {
  readonly scopes: readonly Scope[];
  readonly sessionId?: string;
  readonly apiKeyId?: string;
}

export interface RunOutput {
  readonly text: string;
  readonly messageId?: string;
  /** The answer as JSON, when a schema was asked for. */
  readonly structured?: unknown;
}

/** Why a run failed: the stable code and safe text of an AppError. */
export interface RunFailure {
  readonly code: string;
  readonly message: string;
}

export type RunInput = readonly MessageContent[];
export type RunLimits = AgentDefinition['limits'];

/** A worker lost the run: another one took it, or it is gone. It writes nothing more and stops quietly. */
export class StaleFence extends Error {
  override readonly name = 'StaleFence';
}
