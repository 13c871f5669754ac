import { type Actor } from '../common/actor.js';
import { type MessageToolCall } from '../conversations/message.js';
import { type RunApprovals } from './approvals/run-approvals.js';
import { type RunControl } from './run-control.js';
import { type EventAgent, newEvent, type RunEventType } from './run-event.js';
import { type RunJournal } from './run-journal.js';
import { type RunMeter } from './run-meter.js';
import { type RunWriter } from './run-writer.js';

/** A message of the conversation as an agent is shown it. */
export interface PromptMessage {
  readonly role: 'user' | 'assistant';
  readonly text: string;
}

/** The answer of an agent. */
export interface AgentAnswer {
  /** Who gave it: after a handoff not the agent that the run began with. */
  readonly by: EventAgent;
  readonly text: string;
  readonly messageId: string;
  readonly model: string;
  readonly generatedBy: 'rules' | 'llm';
  readonly toolCalls: readonly MessageToolCall[];
  /** The answer as JSON, when a schema was asked for. */
  readonly structured?: unknown;
}

/** What one run shares among all its agents. */
export class RunContext {
  /** What the top-level agent has said of a message that is not complete yet. */
  partial?: { readonly messageId: string; text: string; readonly by: EventAgent };

  constructor(
    readonly runId: string,
    readonly actor: Actor,
    readonly control: RunControl,
    readonly writer: RunWriter,
    readonly journal: RunJournal,
    readonly meter: RunMeter,
    readonly approvals: RunApprovals,
    /** What the user wrote for this run. */
    readonly userText: string,
    /** What the maker of the run gave for the variables of instructions. */
    readonly variables: Readonly<Record<string, string>>,
    /** No tool is run: their answers are made from their output schemas. */
    readonly isSimulated: boolean,
  ) {}

  emit(type: RunEventType, agent: EventAgent, data?: Readonly<Record<string, unknown>>): void {
    this.writer.emit(newEvent(type, agent, data));
  }
}
