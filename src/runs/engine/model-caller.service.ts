import { Injectable, Logger } from '@nestjs/common';
import { type BaseChatModel } from '@langchain/core/language_models/chat_models';
import { type AIMessageChunk, type BaseMessage } from '@langchain/core/messages';
import { type AgentDefinition } from '../../agents/agent.js';
import { ChatModels } from '../../agents/models/chat-models.service.js';
import { ModelPrices } from '../../agents/models/model-prices.service.js';
import { CallLog } from '../../agents/models/call-log.js';
import { modelError } from '../../agents/models/model-error.js';
import { PLANNER_ID } from '../../agents/models/planner-id.js';
import { ResponseCache } from '../../agents/models/response-cache.service.js';
import { TokenCount, type TokenUsage } from '../../agents/models/token-count.js';
import { AppError } from '../../common/app-error.js';
import { newId } from '../../common/ids.js';
import { untilAborted } from '../../common/until-aborted.js';
import { type JsonSchema } from '../../tools/tool.js';
import { type RunContext } from '../run-context.js';
import { newEvent, type NewRunEvent } from '../run-event.js';
import { type StepEnd } from '../run-journal.js';
import { CACHED, type CallUsage, type SpentCall, usageOfCalls } from '../usage/call-usage.js';
import { type AgentTask } from './agent-task.js';
import { saidIn, type StoredReply, toStored } from './messages.js';

type BindableTools = Parameters<NonNullable<BaseChatModel['bindTools']>>[0];

export interface ModelCall {
  /** Number of the call within its agent, from 0. */
  readonly step: number;
  readonly prompt: readonly BaseMessage[];
  readonly tools: readonly unknown[];
  /** Are tools searched for? Kept in the journal. */
  readonly isSearching?: boolean;
  /** What the answer must fit. */
  readonly output?: JsonSchema;
  /** Ids of tool calls that the agent's model has used. */
  readonly seen: ReadonlySet<string>;
  /** Events that go with its beginning. */
  readonly started?: readonly NewRunEvent[];
}

/** Calls models and streams what they say; only a live call gives events. */
@Injectable()
export class ModelCaller {
  private readonly log = new Logger('Runs');

  constructor(
    private readonly models: ChatModels,
    private readonly prices: ModelPrices,
    private readonly cache: ResponseCache,
  ) {}

  /** A model for those who must be given one and never ask it. */
  async unasked(): Promise<BaseChatModel> {
    return (await this.models.open(PLANNER_ID)).model;
  }

  /** Is the agent's model the planner, which reads no prompt? */
  async isRuleBased(agent: AgentDefinition): Promise<boolean> {
    return (await this.models.open(agent.model)).generatedBy === 'rules';
  }

  /** Calls the model once, or replays it. Throws RunStop, or the AppError of the provider's failure. */
  async call(
    context: RunContext,
    task: AgentTask,
    call: ModelCall,
  ): Promise<{ reply: StoredReply; messageId: string }> {
    context.meter.beginModelCall();
    const message = {
      ...{ messageId: newId(), promptMessages: call.prompt.length },
      ...(call.isSearching === true && { toolSearch: true }),
    };
    let failure: Error | undefined;
    let isLive = false;
    const row = await context.journal.step(
      {
        path: `${task.path}/m${call.step}`,
        kind: 'model',
        agent: task.agent.name,
        name: task.agent.model ?? 'default',
        request: message,
        repeatable: true,
        started: call.started ?? [],
      },
      async (started): Promise<StepEnd> => {
        isLive = true;
        const { messageId } = started.request as typeof message;
        const speech = new Speech(context, task, messageId);
        if (started.attempt > 1) speech.reset();
        // What earlier tries used, before they were stopped.
        context.meter.endModelCall(started.usage);
        const log = new CallLog();
        try {
          const { reply, usage } = await this.callOne(context, task.agent, { call, speech, log });
          context.meter.endModelCall(usage);
          return { status: 'completed', name: reply.model, result: reply, usage, events: speech.end(reply) };
        } catch (error) {
          failure = context.control.reason ?? modelError(error);
          const code = failure instanceof AppError ? failure.code : 'stopped';
          const usage = usageOfCalls(this.wastedOf(log));
          context.meter.endModelCall(usage);
          return { status: 'failed', result: { code }, usage, events: [] };
        }
      },
    );
    if (!isLive) context.meter.endModelCall(row.usage);
    if (row.status === 'failed') throw failure ?? modelError(undefined);
    const { messageId } = row.request as typeof message;
    if (isLive) this.tellUsage(context, task);
    return { reply: row.result as StoredReply, messageId };
  }

  /** A failed sub-agent in a safe sentence for the agent that asked it. */
  describe(agent: AgentDefinition, error: unknown): string {
    if (!(error instanceof AppError)) this.log.error({ err: error, agent: agent.name }, 'An agent failed');
    const why = error instanceof AppError ? error.message : 'It failed unexpectedly.';
    return `The agent ${agent.name} could not answer. ${why}`;
  }

  /** The agent's model, or one of its fallbacks; retries and fallbacks are the model's own, nowhere else. [R36] */
  private async callOne(
    context: RunContext,
    { model, fallbackModels, modelSettings = {} }: AgentDefinition,
    at: { call: ModelCall; speech: Speech; log: CallLog },
  ): Promise<{ reply: StoredReply; usage: CallUsage }> {
    const { call, log } = at;
    const { prompt: messages, tools, output } = call;
    const { temperature, maxOutputTokens } = modelSettings;
    const use = { temperature, maxOutputTokens, output, withTools: tools.length > 0 };
    const opened = await this.models.open(model, { fallbackModels, log, ...use });
    const asked = { userId: context.actor.userId, model: opened.id, settings: modelSettings };
    const place =
      opened.generatedBy === 'llm' ? this.cache.placeOf({ ...asked, output, messages, tools }) : undefined;
    const known = place && (await this.cache.read(place));
    if (known !== undefined) {
      for (const piece of known.text.match(/(?:\s*\S+\s*){1,3}/g) ?? []) at.speech.say(piece);
      return {
        reply: toStored(known, { model: opened.id, generatedBy: 'llm' }, call.seen, call.step),
        usage: CACHED,
      };
    }
    const whole = await this.listen(context, opened.model, at);
    // A fallback says so.
    const answered = whole.response_metadata['model_id'] as string | undefined;
    const by = { model: answered ?? opened.id, generatedBy: opened.generatedBy };
    const counted = new TokenCount(messages, tools).add(whole).usage;
    const calls = [...this.wastedOf(log), this.priced(by.model, counted)];
    const said = saidIn(whole);
    const isBroken = said.calls.some(({ broken }) => broken);
    if (place && by.model === opened.id && !isBroken) await this.cache.write(place, said, log.ending);
    return { reply: toStored(said, by, call.seen, call.step), usage: usageOfCalls(calls) as CallUsage };
  }

  /** Tells what the model says while it does. Rejects as soon as the run is stopped, whatever the model does. */
  private async listen(
    context: RunContext,
    model: BaseChatModel,
    { call, speech }: { call: ModelCall; speech: Speech },
  ): Promise<AIMessageChunk> {
    const { signal } = context.control;
    const tools = call.tools as BindableTools;
    const bound = tools.length === 0 ? model : (model.bindTools?.(tools) ?? model);
    const hear = async () => {
      let whole: AIMessageChunk | undefined;
      // Not `stream`: its wrapper costs more than the model does, and races every single chunk with the signal.
      for await (const chunk of bound._streamIterator([...call.prompt], { signal })) {
        signal.throwIfAborted();
        whole = whole === undefined ? chunk : whole.concat(chunk);
        if (chunk.text !== '') speech.say(chunk.text);
      }
      if (whole === undefined) throw new Error('The model gave an empty stream');
      return whole;
    };
    return untilAborted(hear(), signal);
  }

  /** What requests without an answer used: providers charge for it all the same. */
  private wastedOf(log: CallLog): SpentCall[] {
    return log.wasted.map(({ model, usage }) => ({ ...this.priced(model, usage), failed: true }));
  }

  private priced(model: string, usage: TokenUsage): SpentCall {
    return { model, ...usage, costUsd: this.prices.costOf(model, usage) ?? null };
  }

  private tellUsage(context: RunContext, task: AgentTask): void {
    const usage = { ...context.meter.usage };
    context.emit('usage.updated', { name: task.agent.name, path: task.path }, { usage });
  }
}

/** One message while a model says it. */
class Speech {
  begun = false;
  private readonly by: { readonly name: string; readonly path: string };
  private readonly isTop: boolean;

  constructor(
    private readonly context: RunContext,
    private readonly task: AgentTask,
    private readonly messageId: string,
  ) {
    this.by = { name: task.agent.name, path: task.path };
    this.isTop = task.speaksFor !== undefined;
  }

  say(text: string): void {
    if (!this.begun) this.context.emit('message.created', this.by, { ...this.about, role: 'assistant' });
    this.begun = true;
    this.context.emit('message.delta', this.by, { ...this.about, text });
    const by = this.task.speaksFor;
    if (by === undefined) return;
    if (this.context.partial?.messageId === this.messageId) this.context.partial.text += text;
    else this.context.partial = { messageId: this.messageId, text, by };
  }

  /** What was said of this message is void: it is said again from its beginning. */
  reset(): void {
    this.context.emit('message.reset', this.by, this.about);
    this.context.partial = undefined;
  }

  /** The end of the message. That of the run's own answer comes with the end of the run, when it is stored. */
  end(reply: StoredReply): ReturnType<typeof newEvent>[] {
    const isAnswer = this.isTop && reply.toolCalls.length === 0;
    if (isAnswer || !this.begun) return [];
    if (this.isTop) this.context.partial = undefined;
    return [newEvent('message.completed', this.by, { ...this.about, text: reply.text, status: 'complete' })];
  }

  private get about() {
    return { messageId: this.messageId, visibility: this.isTop ? 'user' : 'internal' };
  }
}
