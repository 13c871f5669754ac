import { newId } from '../../common/ids.js';
import { canonicalHash } from '../../tools/schema/canonical-json.js';
import { type RunControl, RunStop } from '../run-control.js';
import { type EventAgent, newEvent, type NewRunEvent } from '../run-event.js';
import { type RunWriter } from '../run-writer.js';
import { type BoundCall, type KnownApproval, type NewApproval } from './approval.js';

/** What is asked, without what follows from it. */
export type Question = Omit<NewApproval, 'id'> & { readonly by: EventAgent; readonly toolCallId: string };

/** What the owner of a run was asked and has answered, as the worker that has the run sees it. */
export class RunApprovals {
  private readonly open = new Map<
    string,
    { readonly step: string; readonly tool: string; readonly kind: string }
  >();

  constructor(
    private readonly known: readonly KnownApproval[],
    private readonly writer: RunWriter,
    private readonly control: RunControl,
  ) {}

  /** The answer for exactly this call: same step, attempt, definition and arguments. Undefined when there is none. */
  answer(call: BoundCall): KnownApproval | undefined {
    return this.known.findLast(
      (approval) =>
        ['approved', 'rejected', 'expired'].includes(approval.status) &&
        isFor(approval, call) &&
        // What may run is what was approved, to the letter. [S67]
        canonicalHash(approval.arguments) === approval.argumentsHash,
    );
  }

  /**
   * Asks, unless the same is asked already, and throws RunStop. Nothing is aborted: steps beside this one go on, and
   * the run is let go when they have ended.
   */
  async ask(question: Question): Promise<never> {
    this.control.boundary();
    const { by, toolCallId, ...call } = question;
    const pending = this.known.find((approval) => approval.status === 'pending' && isFor(approval, call));
    const id = pending?.id ?? newId();
    const { step, tool, kind, reason, arguments: args } = call;
    this.open.set(id, { step, tool, kind });
    if (pending === undefined) {
      const about = { approvalId: id, kind, reason, toolCallId, tool, arguments: args };
      await this.writer.ask({ id, ...call }, newEvent('approval.requested', by, about));
    }
    throw new RunStop('suspended');
  }

  /** What the run waits for, for `run.requires_action`; the first question comes first. */
  need(): Readonly<Record<string, unknown>> {
    const [first] = this.open.values();
    if (first === undefined) return {};
    const reason = first.kind === 'confirm_retry' ? 'confirm_retry' : 'approval';
    return { reason, step: first.step, tool: first.tool, approvalIds: [...this.open.keys()] };
  }
}

/** The event of an answer. Only sent with the first row of the step that it lets go on, so once. */
export function resolved(answer: KnownApproval, by: EventAgent, toolCallId: string): NewRunEvent {
  const { id, kind, status, tool, requestedHash, argumentsHash, comment } = answer;
  const edited = status === 'approved' && requestedHash !== argumentsHash;
  return newEvent('approval.resolved', by, {
    ...{ approvalId: id, kind, toolCallId, tool, decision: edited ? 'edited' : status },
    ...(edited && { arguments: answer.arguments }),
    ...(comment !== null && { reason: comment }),
  });
}

function isFor(approval: BoundCall, call: BoundCall): boolean {
  return (
    approval.kind === call.kind &&
    approval.step === call.step &&
    approval.attempt === call.attempt &&
    approval.definitionHash === call.definitionHash &&
    approval.requestedHash === call.requestedHash
  );
}
