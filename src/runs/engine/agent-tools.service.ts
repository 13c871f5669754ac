import { Injectable, Logger } from '@nestjs/common';
import { type AgentDefinition } from '../../agents/agent.js';
import { type Actor } from '../../common/actor.js';
import { AppError } from '../../common/app-error.js';
import { canonicalJson } from '../../common/canonical-json.js';
import { isDatabaseAway } from '../../platform/database/database-error.js';
import { ToolExecutor } from '../../tools/tool-executor.service.js';
import { type ContentBlock, type ToolDefinition, type ToolOutcome } from '../../tools/tool.js';
import { ToolsService } from '../../tools/tools.service.js';
import { type Arguments } from '../approvals/approval.js';
import { type Passage, ToolGate } from '../approvals/tool-gate.service.js';
import { type RunContext } from '../run-context.js';
import { RunStop } from '../run-control.js';
import { newEvent } from '../run-event.js';
import { type StepEnd } from '../run-journal.js';
import { MAX_IDENTICAL_CALLS } from '../run-meter.js';
import { type AgentTask, type ToolReply } from './agent-task.js';
import { type ToolOffer } from './delegation.js';
import { type StoredToolCall } from './messages.js';
import { areMany, namesIn, SEARCH_TOOLS } from './tool-shelf.js';

/** Longer results are cut in events; the steps of the run hold the whole. */
const MAX_EVENT_TEXT = 4000;

/** What the journal keeps of a call: the id of its record when the executor knew it, else why it was not made. */
type ToolResult = ToolReply & { readonly errorCode?: string; readonly callId?: string };

/** The tools of an agent: offered by its allow list, called through ToolExecutor, journaled. */
@Injectable()
export class AgentTools {
  private readonly log = new Logger('Runs');

  constructor(
    private readonly tools: ToolsService,
    private readonly executor: ToolExecutor,
    private readonly gate: ToolGate,
  ) {}

  /** What the agent may call in the actor's name; when that is much, also what finds it. */
  async offers(actor: Actor, agent: AgentDefinition): Promise<ToolOffer[]> {
    const offers = (await this.tools.visible(actor, agent.name, agent.tools)).map(toOffer);
    if (!areMany(offers) || offers.some(({ name }) => name === SEARCH_TOOLS)) return offers;
    return [...offers, ...(await this.tools.visible(actor, agent.name, [SEARCH_TOOLS])).map(toOffer)];
  }

  /**
   * Calls a tool once, or replays it. A failure is a reply that says so; only RunStop is thrown, also when the call
   * needs the word of the user first, and what the database says while it is away.
   */
  call(
    context: RunContext,
    task: AgentTask,
    call: StoredToolCall,
    offers: readonly ToolOffer[],
  ): Promise<ToolReply> {
    return context.control.track(this.callOrReplay(context, task, call, offers));
  }

  private async callOrReplay(
    context: RunContext,
    task: AgentTask,
    call: StoredToolCall,
    offers: readonly ToolOffer[],
  ): Promise<ToolReply> {
    const path = `${task.path}/t:${call.id}`;
    const by = { name: task.agent.name, path: task.path };
    const simulated = isSimulated(context, call) ? { simulated: true } : {};
    const about = { toolCallId: call.id, tool: call.name, ...simulated };
    const offer = offers.find((candidate) => candidate.name === call.name);
    const repeats = context.meter.beginToolCall(call.name, call.arguments);
    const passage = repeats
      ? { arguments: call.arguments, events: [], refusal: repeated(call) }
      : await this.passage(context, task, call, offer?.tool, path);
    const { arguments: args, refusal, definitionHash = offer?.tool?.definitionHash } = passage;
    const step = await context.journal.step(
      {
        path,
        kind: 'tool',
        agent: task.agent.name,
        name: call.name,
        request: args,
        repeatable: refusal !== undefined || isSimulated(context, call) || (offer?.repeatable ?? false),
        ...(definitionHash !== undefined && { definitionHash }),
        started: [...passage.events, newEvent('tool_call.started', by, { ...about, arguments: args })],
      },
      async ({ request }): Promise<StepEnd> => {
        const begun = performance.now();
        const made = { ...call, arguments: request as Arguments };
        const result: ToolResult =
          refusal === undefined
            ? noteEdit(call, made, await this.execute(context, task, made, path, definitionHash))
            : { text: refusal.text, isError: true, errorCode: refusal.code };
        const { text, isError, errorCode } = result;
        const durationMs = Math.round(performance.now() - begun);
        const event = isError
          ? newEvent('tool_call.failed', by, {
              ...{ ...about, durationMs },
              error: { code: errorCode ?? 'tool_failed', message: text.slice(0, MAX_EVENT_TEXT) },
            })
          : newEvent('tool_call.completed', by, {
              ...{ ...about, durationMs, result: text.slice(0, MAX_EVENT_TEXT) },
              ...(text.length > MAX_EVENT_TEXT && { truncated: true }),
            });
        return {
          status: isError ? 'failed' : 'completed',
          result: { ...result, ...simulated },
          events: [event],
        };
      },
    );
    return step.result as ToolReply;
  }

  /** Asks the gate about a call that was not begun before. */
  private async passage(
    context: RunContext,
    task: AgentTask,
    call: StoredToolCall,
    tool: ToolDefinition | undefined,
    step: string,
  ): Promise<Passage> {
    const free: Passage = { arguments: call.arguments, events: [] };
    if (tool === undefined || call.broken === true || context.journal.holds(step)) return free;
    if (isSimulated(context, call)) return free;
    const by = { name: task.agent.name, path: task.path };
    const { id: toolCallId, arguments: args } = call;
    return this.gate.pass(context, { tool, agent: task.agent, arguments: args, toolCallId, step, by });
  }

  private async execute(
    context: RunContext,
    task: AgentTask,
    call: StoredToolCall,
    path: string,
    definitionHash: string | undefined,
  ): Promise<ToolResult> {
    if (definitionHash === undefined) {
      return { text: `There is no tool "${call.name}" here.`, isError: true, errorCode: 'tool_not_found' };
    }
    if (call.broken === true) {
      const text = 'The arguments are not a whole JSON object, so the tool was not run. Call it again.';
      return { text, isError: true, errorCode: 'invalid_tool_arguments' };
    }
    const isSearch = call.name === SEARCH_TOOLS;
    try {
      const outcome = await this.executor.execute(context.actor, {
        name: call.name,
        arguments: call.arguments,
        agent: task.agent.name,
        // What finds tools belongs to every agent with many of them; it finds only what the agent may call.
        agentTools: isSearch ? [...task.agent.tools, SEARCH_TOOLS] : task.agent.tools,
        runId: context.runId,
        step: path,
        signal: context.control.signal,
        simulate: isSimulated(context, call),
        // What was approved, or needed no approval, is this definition.
        definitionHash,
      });
      const { isError, errorCode, callId, structuredContent } = outcome;
      return {
        ...{ text: textOf(outcome), isError, callId },
        ...(errorCode !== undefined && { errorCode }),
        ...(isSearch && { found: namesIn(structuredContent) }),
      };
    } catch (error) {
      // While the database is away the call may have had its effect, of which nothing can be written.
      if (error instanceof RunStop || isDatabaseAway(error)) throw error;
      return this.refusal(error, call.name);
    }
  }

  /** Only texts that were written to be shown reach the model. */
  private refusal(error: unknown, tool: string): ToolReply & { readonly errorCode: string } {
    if (!(error instanceof AppError)) {
      this.log.error({ err: error, tool }, 'A tool call failed unexpectedly');
      return { text: 'The tool failed.', isError: true, errorCode: 'tool_failed' };
    }
    const fields = error.errors?.map(({ field, message }) => `${field}: ${message}`).join('; ');
    return {
      text: fields === undefined ? error.message : `${error.message} ${fields}`,
      isError: true,
      errorCode: error.code,
    };
  }
}

/** What finds tools only reads their list, and what the agent goes on with depends on it. */
function isSimulated(context: RunContext, { name }: StoredToolCall): boolean {
  return context.isSimulated && name !== SEARCH_TOOLS;
}

/** One offer for each definition, however many runs have it: models keep what they made of it. */
const made = new WeakMap<ToolDefinition, ToolOffer>();

function toOffer(tool: ToolDefinition): ToolOffer {
  const known = made.get(tool);
  if (known !== undefined) return known;
  const offer = {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: tool.inputSchema,
    repeatable: tool.annotations.readOnlyHint === true || tool.annotations.idempotentHint === true,
    tool,
  };
  made.set(tool, offer);
  return offer;
}

/** Never run again: it would say the same. [S70] */
function repeated({ name }: StoredToolCall): NonNullable<Passage['refusal']> {
  const text = `${name} was called ${MAX_IDENTICAL_CALLS} times with these arguments and is not run again. Use the results that are there, or other arguments.`;
  return { text, code: 'repeated_tool_call' };
}

/** The model must not believe that it was its own arguments that were used. */
function noteEdit(wanted: StoredToolCall, made: StoredToolCall, result: ToolResult): ToolResult {
  const used = canonicalJson(made.arguments);
  if (used === canonicalJson(wanted.arguments)) return result;
  return { ...result, text: `[The user changed the arguments to ${used}]\n${result.text}` };
}

/** A result as the text that a model reads. */
function textOf({ content, structuredContent }: ToolOutcome): string {
  const text = content.map(blockText).filter(Boolean).join('\n');
  if (text !== '') return text;
  return structuredContent === undefined ? 'The tool gave no output.' : JSON.stringify(structuredContent);
}

function blockText(block: ContentBlock): string {
  switch (block.type) {
    case 'text':
      return block.text;
    case 'resource':
      return block.resource.text ?? `[resource ${block.resource.uri}]`;
    case 'resource_link':
      return `[${block.name}](${block.uri})`;
    default:
      return `[${block.type}, ${block.mimeType}]`;
  }
}
