import { Injectable } from '@nestjs/common';
import { type AgentDefinition } from '../agents/agent.js';
import { AgentsService } from '../agents/agents.service.js';
import { type Actor } from '../common/actor.js';
import { type OfferedTool, ToolSource } from '../tools/sources/tool-source.js';
import { defaultAccess, DEFAULT_POLICY } from '../tools/tool-defaults.js';
import { type ToolResponse } from '../tools/define-tool.js';
import { answer } from '../tools/tool-result.js';
import { type JsonSchema, type ToolContext, type ToolDefinition } from '../tools/tool.js';
import { askName, TASK } from './engine/delegation.js';
import { isTerminal } from './run.js';
import { RunIntake } from './run-intake.service.js';
import { type RunEvent } from './run-event.js';
import { type Run } from './runs.dto.js';
import { RunsService } from './runs.service.js';

const TIMEOUT_MS = 300_000;
/** Calls of one agent at once in this process: they only wait, the runs are bounded elsewhere. */
const CONCURRENCY = 50;
const WAIT_MS = 60_000;
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
  ) {
    super();
  }

  override async list(): Promise<readonly OfferedTool[]> {
    return (await this.agents.shared()).map(offer);
  }

  override async run(
    { source }: ToolDefinition,
    args: unknown,
    { actor, signal, callId, progress }: ToolContext,
  ): Promise<ToolResponse> {
    const { task } = args as { task: string };
    const agent = String(source.agent);
    const { id } = await this.intake.create(actor, { input: task, agent, metadata: { toolCallId: callId } });
    try {
      let steps = 0;
      for await (const events of await this.runs.events(actor, id, 0, signal)) {
        for (const message of events.map(describe).filter((text) => text !== undefined)) {
          steps += 1;
          progress({ progress: steps, message });
        }
      }
      signal.throwIfAborted();
      return resultOf(await this.runs.wait(actor, id, WAIT_MS, signal));
    } catch (error) {
      if (signal.aborted) await this.cancel(actor, id);
      throw error;
    }
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

/** A run that failed, or that waits for a person, is an error that says where to look. */
function resultOf({ id, status, output, error }: Run): ToolResponse {
  if (status === 'completed') {
    const text = output?.text ?? '';
    return answer(text, { runId: id, status, text });
  }
  const text =
    status === 'requires_action'
      ? `The agent waits for a decision: GET /api/v1/approvals shows it, run ${id} goes on after it.`
      : `The agent did not answer: ${error?.message ?? `its run is ${status}`} (run ${id}).`;
  const structuredContent = { runId: id, status, text: isTerminal(status) ? '' : text };
  return { content: [{ type: 'text', text }], structuredContent, isError: true };
}

/** What somebody who waits wants to know. */
function describe({ type, agent, data }: RunEvent): string | undefined {
  if (type === 'agent.started') return `${agent.name} works on it`;
  if (type === 'tool_call.started') return `${agent.name} calls ${String(data.tool)}`;
  return undefined;
}
