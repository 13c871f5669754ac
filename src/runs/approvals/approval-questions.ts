import { setTimeout as delay } from 'node:timers/promises';
import { revealHidden } from '../../tools/schema/hidden-text.js';
import { type ClientQuestion, type ToolClient, ToolPaused } from '../../tools/tool.js';
import { type ApprovalReason } from './approval.js';
import { type Decision } from './approvals.dto.js';

/** Nobody can check more than this in a dialog: longer arguments are decided where they are shown whole. [S67] */
const MAX_SHOWN = 8000;
const MAX_REASON = 1000;

const WHY: Readonly<Record<ApprovalReason, string>> = {
  policy: 'by its policy this call needs your word.',
  policy_tainted: 'content from outside was read before, and this call could carry data to somebody new.',
  confirm_retry:
    'the server stopped during this call. Whether it had an effect is not known; accept to make it again.',
};

/** What somebody is shown before he decides. */
export interface Asked {
  readonly id: string;
  readonly tool: string;
  readonly agent?: string;
  readonly reason: ApprovalReason;
  readonly arguments: unknown;
  readonly argumentsHash: string;
}

/**
 * Asks the person behind an MCP client by form elicitation (client/elicitation, 2025-06-18 and later): accept approves
 * exactly what was shown, decline rejects it, cancel decides nothing. Gives the decisions by approval id; none for a
 * client that cannot be asked or breaks off. Rejects with ToolPaused in the era that asks by the result of a call.
 */
export async function askClient(
  client: ToolClient | undefined,
  approvals: readonly Asked[],
): Promise<ReadonlyMap<string, Decision>> {
  const shown = approvals.filter((approval) => textOf(approval).length <= MAX_SHOWN);
  if (client === undefined || !hasForms(client) || shown.length === 0) return new Map();
  const questions = Object.fromEntries(shown.map((approval) => [keyOf(approval), question(approval)]));
  try {
    const answers = await client.ask(questions);
    return new Map(
      shown.flatMap((approval) => {
        const decision = decisionOf(approval, answers[keyOf(approval)]);
        return decision === undefined ? [] : [[approval.id, decision] as const];
      }),
    );
  } catch (error) {
    if (error instanceof ToolPaused) throw error;
    return new Map();
  }
}

/** Resolves with what `work` gives, or with undefined at `deadline`; what comes later still happens. */
export async function untilDeadline<T>(work: Promise<T>, deadline: number): Promise<T | undefined> {
  const stop = new AbortController();
  const late = delay(Math.max(0, deadline - Date.now()), undefined, { signal: stop.signal, ref: false });
  try {
    return await Promise.race([work, late.catch(() => undefined)]);
  } finally {
    stop.abort();
    work.catch(() => undefined);
  }
}

/** How to decide where there is no dialog. */
export function howToDecide(ids: readonly string[]): string {
  return ids
    .map((id) => `bin/mcp-server approvals approve ${id} (or reject), or POST /api/v1/approvals/${id}`)
    .join('; ');
}

/** An empty capability means forms: so it was before there were modes. */
function hasForms({ capabilities }: ToolClient): boolean {
  const elicitation = capabilities.elicitation as Readonly<Record<string, unknown>> | undefined;
  if (elicitation === undefined || elicitation === null) return false;
  return elicitation.form !== undefined || elicitation.url === undefined;
}

function question(approval: Asked): ClientQuestion {
  const reason = {
    ...{ type: 'string', title: 'Reason', maxLength: MAX_REASON },
    description: 'Told to the agent, if you like.',
  };
  return {
    method: 'elicitation/create',
    params: {
      mode: 'form',
      message: textOf(approval),
      requestedSchema: { type: 'object', properties: { reason } },
    },
  };
}

function textOf({ id, tool, agent, reason, arguments: args }: Asked): string {
  const who = agent === undefined ? 'This client' : `The agent ${agent}`;
  const shown = revealHidden(JSON.stringify(args, undefined, 2));
  return `${who} wants to call the tool ${tool}.\nArguments: ${shown}\nWhy you are asked: ${WHY[reason]}\nAccept to approve, decline to reject (approval ${id}).`;
}

function decisionOf({ argumentsHash }: Asked, answer: unknown): Decision | undefined {
  const { action, content } = (answer ?? {}) as { action?: unknown; content?: { reason?: unknown } };
  const said = typeof content?.reason === 'string' ? content.reason.trim().slice(0, MAX_REASON) : '';
  const reason = said === '' ? {} : { reason: said };
  if (action === 'accept') return { decision: 'approve', argumentsHash, ...reason };
  return action === 'decline' ? { decision: 'reject', argumentsHash, ...reason } : undefined;
}

function keyOf({ id }: Asked): string {
  return `approval:${id}`;
}
