import { Injectable } from '@nestjs/common';
import { type AIMessage, type BaseMessage } from '@langchain/core/messages';
import { type DynamicStructuredTool } from '@langchain/core/tools';
import { type AgentDefinition } from '../../agents/agent.js';
import { renderInstructions } from '../../agents/instructions.js';
import { AppError } from '../../common/app-error.js';
import { type AgentAnswer, type PromptMessage, type RunContext } from '../run-context.js';
import { RunStop } from '../run-control.js';
import { newEvent } from '../run-event.js';
import { type AgentReply, type AgentTask, schemaOf, type ToolReply } from './agent-task.js';
import { AgentTools } from './agent-tools.service.js';
import { AnswerFormat } from './answer-format.js';
import { askName, handoffName, type ToolOffer } from './delegation.js';
import { DEFAULT_CONTEXT_TOKENS, fitToWindow } from './context-window.js';
import { Dialogue } from './dialogue.js';
import { type Handoff, takeHandoff } from './handoff.js';
import { loadLangChain, type LangChain } from './langchain.js';
import { type StoredReply, type StoredToolCall, toMessage } from './messages.js';
import { ModelCaller } from './model-caller.service.js';
import { areMany, SEARCH_HINT, SEARCH_TOOLS, ToolShelf } from './tool-shelf.js';

/** Whom an agent may speak to. */
export interface Peers {
  /** What it may call, peers included. */
  readonly offers: readonly ToolOffer[];
  readonly subAgents: readonly AgentDefinition[];
  /** Who may take the conversation over from it. */
  readonly successors: readonly AgentDefinition[];
  ask(call: StoredToolCall, agent: AgentDefinition): Promise<AgentReply>;
}

/** Calls that were made before the model is first asked, with what they gave. */
export interface Opening {
  readonly calls: readonly StoredToolCall[];
  readonly replies: readonly ToolReply[];
}

/** How an agent's turn ended: it answered, or gave the conversation to another one. */
export type TurnEnd = { readonly answer: AgentAnswer } | { readonly handoff: Handoff };

/** What one turn has at hand. */
interface Turn {
  readonly context: RunContext;
  readonly task: AgentTask;
  readonly peers: Peers;
  readonly format?: AnswerFormat;
  readonly dialogue: Dialogue;
  readonly shelf: ToolShelf;
  /** What the model was told of when it last spoke. */
  listed: readonly ToolOffer[];
  handoff?: Handoff;
  repaired: boolean;
}

/** One agent with its model: LangChain's createAgent, with one middleware that journals every model and tool call. */
@Injectable()
export class AgentLoop {
  constructor(
    private readonly tools: AgentTools,
    private readonly models: ModelCaller,
  ) {}

  /** Loads LangChain ahead of the first run. */
  async warmUp(): Promise<void> {
    await loadLangChain();
  }

  /**
   * Runs an agent until it answers or hands over. Throws RunStop when the run must not go on, an AppError when a model
   * fails. Steps that the journal holds are replayed without a call or an event.
   */
  async run(context: RunContext, task: AgentTask, peers: Peers, opening?: Opening): Promise<TurnEnd> {
    const lc = await loadLangChain();
    const schema = schemaOf(task);
    const format = schema === undefined ? undefined : new AnswerFormat(schema);
    const shelf = await this.shelfOf(context, task, peers);
    const { listed } = shelf;
    const dialogue = new Dialogue();
    const turn: Turn = { context, task, peers, format, dialogue, shelf, listed, repaired: false };
    for (const { id } of opening?.calls ?? []) turn.dialogue.callIds.add(id);
    const instructions = renderInstructions(task.agent, new Date(), context.variables);
    const agent = lc.createAgent({
      name: task.agent.name,
      model: await this.models.primary(task.agent),
      systemPrompt: [instructions, format?.instructions, shelf.isSearched ? SEARCH_HINT : '']
        .filter(Boolean)
        .join('\n\n'),
      tools: listed.map((offer) => toLangChain(lc, offer)),
      middleware: [this.journal(lc, turn)],
    });
    try {
      await agent.invoke(
        { messages: [...task.prompt.map((message) => toPrompt(lc, message)), ...toMessages(lc, opening)] },
        // The limits of the run bound it; LangGraph's own count must not come first.
        { signal: context.control.signal, recursionLimit: 10_000, callbacks: [] },
      );
    } catch (error) {
      throw context.control.reason ?? rootOf(error);
    }
    if (turn.handoff !== undefined) return { handoff: turn.handoff };
    const answer = turn.dialogue.answer({ name: task.agent.name, path: task.path });
    return { answer: format === undefined ? answer : format.apply(answer) };
  }

  /** As it was when the agent began, else by what it has and whether its model pays for what it is told. */
  private async shelfOf(
    { journal }: RunContext,
    { agent, path }: AgentTask,
    { offers }: Peers,
  ): Promise<ToolShelf> {
    const first = journal.stepsOf(path).find((step) => step.path === `${path}/m0`);
    if (first !== undefined)
      return new ToolShelf(
        offers,
        agent.tools,
        (first.request as { toolSearch?: boolean }).toolSearch === true,
      );
    const canSearch = areMany(offers) && offers.some(({ name }) => name === SEARCH_TOOLS);
    return new ToolShelf(offers, agent.tools, canSearch && !(await this.models.isRuleBased(agent)));
  }

  /** Every call passes here, and none goes on to LangChain's own handlers: ToolExecutor and ModelCaller do the work. */
  private journal(lc: LangChain, turn: Turn) {
    return lc.createMiddleware({
      name: 'journal',
      wrapModelCall: async (request) => {
        // It has handed over: nothing more to say.
        if (turn.handoff !== undefined) return new lc.AIMessage('');
        const prompt: BaseMessage[] = [request.systemMessage, ...request.messages];
        const shown = prompt.filter((message) => message.text !== '' || message.getType() !== 'system');
        turn.listed = turn.shelf.listed;
        const { maxTokens = DEFAULT_CONTEXT_TOKENS } = turn.task.agent.memory;
        const told = turn.listed.map(({ name, description, inputSchema }) => [
          name,
          description,
          inputSchema,
        ]);
        return toMessage(lc, await this.speak(lc, turn, fitToWindow(shown, maxTokens, told)));
      },
      wrapToolCall: async ({ toolCall: { id = '', name, args } }) => {
        const call = turn.dialogue.call(id) ?? { id, name, arguments: args };
        return toToolMessage(lc, call, await this.act(turn, call));
      },
    });
  }

  /** The next message of the model. An answer that does not fit its schema is sent back once. */
  private async speak(lc: LangChain, turn: Turn, prompt: readonly BaseMessage[]): Promise<StoredReply> {
    const { context, task, dialogue, format, shelf } = turn;
    const tools = turn.listed.map((offer) => toLangChain(lc, offer));
    const isSearching = shelf.isSearched;
    const call = async (messages: readonly BaseMessage[], more: object = {}) => {
      const step = dialogue.nextStep();
      const seen = dialogue.callIds;
      const asked = { step, prompt: messages, tools, isSearching, seen, output: format?.schema, ...more };
      const said = await this.models.call(context, task, asked);
      dialogue.add(said);
      return said;
    };
    const { reply, messageId } = await call(prompt);
    if (turn.repaired || reply.toolCalls.length > 0 || reply.generatedBy === 'rules') return reply;
    const problem = format?.problemOf(reply);
    if (problem === undefined) return reply;
    turn.repaired = true;
    const by = { name: task.agent.name, path: task.path };
    const visibility = task.speaksFor === undefined ? 'internal' : 'user';
    const started = [newEvent('message.reset', by, { messageId, visibility })];
    const again = [...prompt, toMessage(lc, reply), new lc.HumanMessage(problem)];
    return (await call(again, { started })).reply;
  }

  private async act(turn: Turn, call: StoredToolCall): Promise<ToolReply> {
    const { context, task, peers } = turn;
    const asked = peers.subAgents.find((agent) => askName(agent) === call.name);
    if (asked !== undefined) return peers.ask(call, asked);
    const successor = peers.successors.find((agent) => handoffName(agent) === call.name);
    if (successor === undefined) {
      const reply = await this.tools.call(context, task, call, turn.listed);
      turn.shelf.add(reply.found ?? []);
      return reply;
    }
    const names = new Set(peers.successors.map(handoffName));
    const isFirst = turn.dialogue.lastCalls.find(({ name }) => names.has(name))?.id === call.id;
    const { reply, handoff } = await takeHandoff(context, task, { call, successor, isFirst });
    turn.handoff ??= handoff;
    return reply;
  }
}

/** A turn tells its model of the same offers again and again. */
const made = new WeakMap<ToolOffer, DynamicStructuredTool>();

/** For LangChain a tool is only what the model is told; the middleware answers every call. */
function toLangChain({ DynamicStructuredTool }: LangChain, offer: ToolOffer): DynamicStructuredTool {
  const known = made.get(offer);
  if (known !== undefined) return known;
  const tool = new DynamicStructuredTool({
    name: offer.name,
    description: offer.description,
    schema: offer.inputSchema,
    func: async () => {
      throw new Error('The middleware answers every tool call');
    },
  });
  made.set(offer, tool);
  return tool;
}

function toPrompt(
  { AIMessage, HumanMessage }: LangChain,
  { role, text }: PromptMessage,
): AIMessage | BaseMessage {
  return role === 'user' ? new HumanMessage(text) : new AIMessage(text);
}

function toToolMessage({ ToolMessage }: LangChain, call: StoredToolCall, { text, isError }: ToolReply) {
  return new ToolMessage({
    content: text,
    tool_call_id: call.id,
    name: call.name,
    status: isError ? 'error' : 'success',
  });
}

function toMessages(lc: LangChain, opening: Opening | undefined): BaseMessage[] {
  if (opening === undefined) return [];
  const tool_calls = opening.calls.map(({ id, name, arguments: args }) => ({
    ...{ id, name, args },
    type: 'tool_call' as const,
  }));
  return [
    new lc.AIMessage({ content: '', tool_calls }),
    ...opening.calls.flatMap((call, index) => {
      const reply = opening.replies[index];
      return reply === undefined ? [] : [toToolMessage(lc, call, reply)];
    }),
  ];
}

/** LangChain wraps what a middleware throws; the first error is the one that says what happened. */
function rootOf(error: unknown): unknown {
  let root = error;
  for (let depth = 0; depth < 10; depth += 1) {
    // Several calls of one message failed: that one of them has to wait decides.
    if (root instanceof AggregateError) {
      const roots = root.errors.map(rootOf);
      return roots.find((each) => each instanceof RunStop) ?? roots[0];
    }
    // The wrapper bears the name of what it wraps, so only the class tells them apart.
    if (!(root instanceof Error) || root instanceof AppError || root.cause === undefined) return root;
    if ((root as { '~brand'?: unknown })['~brand'] !== 'MiddlewareError') return root;
    root = root.cause;
  }
  return root;
}
