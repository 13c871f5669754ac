import { Injectable, Logger } from '@nestjs/common';
import { type AgentDefinition } from '../../agents/agent.js';
import { type Actor } from '../../common/actor.js';
import { AppError } from '../../common/app-error.js';
import { ToolExecutor } from '../../tools/tool-executor.service.js';
import { type ContentBlock, type ToolOutcome } from '../../tools/tool.js';
import { ToolsService } from '../../tools/tools.service.js';
import { type RunContext } from '../run-context.js';
import { RunStop } from '../run-control.js';
import { newEvent } from '../run-event.js';
import { type StepEnd } from '../run-journal.js';
import { MAX_IDENTICAL_CALLS } from '../run-meter.js';
import { type AgentTask, type ToolReply } from './agent-task.js';
import { type ToolOffer } from './delegation.js';
import { type StoredToolCall } from './messages.js';

/** Longer results are cut in events; the steps of the run hold the whole. */
const MAX_EVENT_TEXT = 4000;

/** The tools of an agent: offered by its allow list, called through ToolExecutor, journaled. */
@Injectable()
export class AgentTools {
  private readonly log = new Logger('Runs');

  constructor(
    private readonly tools: ToolsService,
    private readonly executor: ToolExecutor,
  ) {}

  /** What the agent may call in the actor's name. */
  async offers(actor: Actor, agent: AgentDefinition): Promise<ToolOffer[]> {
    const visible = await this.tools.visible(actor, agent.name, agent.tools);
    return visible.map(({ name, title, description, inputSchema, annotations }) => ({
      name,
      title,
      description,
      inputSchema,
      repeatable: annotations.readOnlyHint === true || annotations.idempotentHint === true,
    }));
  }

  /** Calls a tool once, or replays it. A failure is a reply that says so; only RunStop is thrown. */
  async call(
    context: RunContext,
    task: AgentTask,
    call: StoredToolCall,
    offers: readonly ToolOffer[],
  ): Promise<ToolReply> {
    const path = `${task.path}/t:${call.id}`;
    const by = { name: task.agent.name, path: task.path };
    const about = { toolCallId: call.id, tool: call.name };
    const offer = offers.find((candidate) => candidate.name === call.name);
    const repeats = context.meter.beginToolCall(call.name, call.arguments);
    const step = await context.journal.step(
      {
        path,
        kind: 'tool',
        agent: task.agent.name,
        name: call.name,
        request: call.arguments,
        repeatable: offer?.repeatable ?? false,
        started: [newEvent('tool_call.started', by, { ...about, arguments: call.arguments })],
      },
      async (): Promise<StepEnd> => {
        const begun = performance.now();
        const result = repeats ? repeated(call) : await this.execute(context, task, call, offer, path);
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
        return { status: isError ? 'failed' : 'completed', result, events: [event] };
      },
    );
    return step.result as ToolReply;
  }

  private async execute(
    context: RunContext,
    task: AgentTask,
    call: StoredToolCall,
    offer: ToolOffer | undefined,
    path: string,
  ): Promise<ToolReply & { readonly errorCode?: string; readonly callId?: string }> {
    if (offer === undefined) {
      return { text: `There is no tool "${call.name}" here.`, isError: true, errorCode: 'tool_not_found' };
    }
    if (call.broken === true) {
      const text = 'The arguments are not a whole JSON object, so the tool was not run. Call it again.';
      return { text, isError: true, errorCode: 'invalid_tool_arguments' };
    }
    try {
      const outcome = await this.executor.execute(context.actor, {
        name: call.name,
        arguments: call.arguments,
        agent: task.agent.name,
        agentTools: task.agent.tools,
        runId: context.runId,
        step: path,
        signal: context.control.signal,
      });
      const { isError, errorCode, callId } = outcome;
      return { text: textOf(outcome), isError, ...(errorCode !== undefined && { errorCode }), callId };
    } catch (error) {
      if (error instanceof RunStop) throw error;
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

/** Never run again: it would say the same. [S70] */
function repeated({ name }: StoredToolCall): ToolReply & { readonly errorCode: string } {
  const text = `${name} was called ${MAX_IDENTICAL_CALLS} times with these arguments and is not run again. Use the results that are there, or other arguments.`;
  return { text, isError: true, errorCode: 'repeated_tool_call' };
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
