import { Injectable } from '@nestjs/common';
import { type AgentDefinition } from '../agents/agent.js';
import { AgentsService } from '../agents/agents.service.js';
import { type Actor } from '../common/actor.js';
import { AppError } from '../common/app-error.js';
import { type OfferedTool, ToolSource } from '../tools/sources/tool-source.js';
import { defaultAccess, DEFAULT_POLICY } from '../tools/tool-defaults.js';
import { type ToolResponse } from '../tools/define-tool.js';
import { answer } from '../tools/tool-result.js';
import { canonicalHash } from '../tools/schema/canonical-json.js';
import { type JsonSchema, type ToolClient, type ToolContext, type ToolDefinition } from '../tools/tool.js';
import { askClient, howToDecide, untilDeadline } from './approvals/approval-questions.js';
import { type ApprovalView } from './approvals/approvals.dto.js';
import { ApprovalsService } from './approvals/approvals.service.js';
import { askName, TASK } from './engine/delegation.js';
import { isTerminal } from './run.js';
import { type RunRequest } from './run-creation.service.js';
import { RunIntake } from './run-intake.service.js';
import { type RunEvent } from './run-event.js';
import { type Run } from './runs.dto.js';
import { RunsService } from './runs.service.js';

const TIMEOUT_MS = 300_000;
/** Calls of one agent at once in this process: they only wait, the runs are bounded elsewhere. */
const CONCURRENCY = 50;
const WAIT_MS = 60_000;
/** What is left of a call's time to say that nobody answered. */
const ANSWER_MS = 2000;
/** Questions of one run that are asked at once. */
const MAX_OPEN = 20;
const ANNOTATIONS = { readOnlyHint: false, destructiveHint: false, openWorldHint: true } as const;

const OUTPUT: JsonSchema = {
  type: 'object',
  properties: {
    runId: { type: 'string', description: 'The run that did the work: GET /api/v1/runs/<runId>.' },
    status: { type: 'string' },
    text: { type: 'string', description: 'The answer of the agent.' },
  },
  required: ['runId', 'status', 'text'],
  additionalProperties: false,
};

/**
 * Shared agents as tools `ask_<agent>`, for people and MCP clients. Each call is a durable run of its own in the
 * caller's name, with his rights, limits and budget. Agents do not see these tools: they ask each other by their
 * subAgents, within one run.
 */
@Injectable()
export class AgentSource extends ToolSource {
  readonly kind = 'agent';

  constructor(
    private readonly agents: AgentsService,
    private readonly intake: RunIntake,
    private readonly runs: RunsService,
    private readonly approvals: ApprovalsService,
  ) {
    super();
  }

  override async list(): Promise<readonly OfferedTool[]> {
    return (await this.agents.shared()).map(offer);
  }

  /**
   * Follows the run that an equal call left waiting for a person, else a new one, to its end. When the run asks, the
   * person behind an MCP client is asked; where nobody can be, the call ends and says how to decide.
   */
  override async run({ source }: ToolDefinition, args: unknown, context: ToolContext): Promise<ToolResponse> {
    const { actor, callId, signal } = context;
    const { task } = args as { task: string };
    const agent = String(source.agent);
    const call = canonicalHash([agent, task]);
    const known = await this.runs.awaitedBy(actor, call);
    const id = known ?? (await this.create(actor, { input: task, agent, metadata: { toolCallId: callId } }));
    try {
      return await this.finish(context, id, call, known !== undefined);
    } catch (error) {
      if (signal.aborted) await this.cancel(actor, id);
      throw error;
    }
  }

  private async create(actor: Actor, request: RunRequest): Promise<string> {
    return (await this.intake.create(actor, request)).id;
  }

  private async finish(
    context: ToolContext,
    id: string,
    call: string,
    isKnown: boolean,
  ): Promise<ToolResponse> {
    const { actor, client, deadline } = context;
    const follower = this.follower(context, id);
    for (let isLeft = isKnown; ; isLeft = true) {
      const run = await follower();
      if (run.status !== 'requires_action') {
        if (isLeft) await this.runs.setAwaited(actor, id, null);
        return resultOf(run);
      }
      if (!isLeft) await this.runs.setAwaited(actor, id, call);
      const query = { status: 'pending', runId: id, limit: MAX_OPEN } as const;
      const { items: open } = await this.approvals.list(actor, query);
      // A person who answers too late for this call has decided all the same.
      const asked = untilDeadline(this.ask(actor, client, open), deadline - ANSWER_MS);
      if (open.length > 0 && (await asked) !== true) return waiting(run, open);
    }
  }

  /** Asks what is open; was all of it decided? */
  private async ask(
    actor: Actor,
    client: ToolClient | undefined,
    open: readonly ApprovalView[],
  ): Promise<boolean> {
    const decisions = await askClient(client, open);
    for (const [id, decision] of decisions) {
      await this.approvals.decide(actor, id, decision).catch((error: unknown) => {
        // Decided elsewhere meanwhile, or the tool changed and the run asks anew.
        if (!(error instanceof AppError) || error.kind !== 'conflict') throw error;
      });
    }
    return decisions.size === open.length;
  }

  /** Each call tells what happens until the run ends or asks, and gives it as it is then. */
  private follower({ actor, signal, progress }: ToolContext, id: string): () => Promise<Run> {
    let seq = 0;
    let steps = 0;
    return async () => {
      for await (const events of await this.runs.events(actor, id, seq, signal)) {
        seq = events.at(-1)?.seq ?? seq;
        for (const message of events.map(describe).filter((text) => text !== undefined))
          progress({ progress: (steps += 1), message });
      }
      signal.throwIfAborted();
      return this.runs.wait(actor, id, WAIT_MS, signal);
    };
  }

  /** Nobody waits for the answer any more, so nobody should pay for it. */
  private async cancel(actor: Actor, id: string): Promise<void> {
    await this.runs.cancel(actor, id).catch(() => undefined); // it may have ended meanwhile
  }
}

function offer(agent: AgentDefinition): OfferedTool {
  return {
    contract: {
      name: askName(agent),
      title: `Ask ${agent.title}`,
      description: agent.description,
      inputSchema: TASK,
      outputSchema: OUTPUT,
      annotations: ANNOTATIONS,
    },
    source: { agent: agent.name },
    defaults: {
      policy: { ...DEFAULT_POLICY, timeoutMs: TIMEOUT_MS, concurrency: CONCURRENCY },
      access: defaultAccess(ANNOTATIONS),
      requiredScopes: ['runs'],
      enabled: true,
    },
  };
}

/** A run that failed is an error that says where to look. */
function resultOf({ id, status, output, error }: Run): ToolResponse {
  if (status === 'completed') {
    const text = output?.text ?? '';
    return answer(text, { runId: id, status, text });
  }
  const text = `The agent did not answer: ${error?.message ?? `its run is ${status}`} (run ${id}).`;
  const structuredContent = { runId: id, status, text: isTerminal(status) ? '' : text };
  return { content: [{ type: 'text', text }], structuredContent, isError: true };
}

/** The run waits for a person whom this call could not ask. */
function waiting({ id, status }: Run, open: readonly ApprovalView[]): ToolResponse {
  const calls = open.map(({ tool, id: approval }) => `${tool} (approval ${approval})`).join(', ');
  const text = `The agent waits for your word before it calls ${calls}. Decide: ${howToDecide(open.map((each) => each.id))}. Then make the same call again for its answer (run ${id}).`;
  const structuredContent = { runId: id, status, text };
  return { content: [{ type: 'text', text }], structuredContent, isError: true };
}

/** What somebody who waits wants to know. */
function describe({ type, agent, data }: RunEvent): string | undefined {
  if (type === 'agent.started') return `${agent.name} works on it`;
  if (type === 'tool_call.started') return `${agent.name} calls ${String(data.tool)}`;
  return undefined;
}
