import { Injectable } from '@nestjs/common';
import { type BaseChatModel } from '@langchain/core/language_models/chat_models';
import { type AIMessage, type BaseMessage } from '@langchain/core/messages';
import { type AgentDefinition } from '../../agents/agent.js';
import { renderInstructions } from '../../agents/instructions.js';
import { AppError } from '../../common/app-error.js';
import { type JsonSchema } from '../../tools/tool.js';
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

/** What one turn has at hand; the graph carries it as its context. */
interface Turn {
  readonly lc: LangChain;
  readonly context: RunContext;
  readonly task: AgentTask;
  readonly peers: Peers;
  readonly format?: AnswerFormat;
  readonly instructions: BaseMessage;
  readonly dialogue: Dialogue;
  readonly shelf: ToolShelf;
  /** What the model was told of when it last spoke. */
  listed: readonly ToolOffer[];
  handoff?: Handoff;
  repaired: boolean;
}

/**
 * One agent with its model: LangChain's createAgent, with one middleware that journals every model and tool call. The
 * graph is the same for all agents; whose turn it is comes as its context.
 */
@Injectable()
export class AgentLoop {
  private graph?: Promise<ReturnType<typeof this.compile>>;

  constructor(
    private readonly tools: AgentTools,
    private readonly models: ModelCaller,
  ) {}

  /** Loads LangChain ahead of the first run. */
  async warmUp(): Promise<void> {
    await this.compiled();
  }

  /**
   * Runs an agent until it answers or hands over. Throws RunStop when the run must not go on, an AppError when a model
   * fails. Steps that the journal holds are replayed without a call or an event.
   */
  async run(context: RunContext, task: AgentTask, peers: Peers, opening?: Opening): Promise<TurnEnd> {
    const [lc, graph] = await Promise.all([loadLangChain(), this.compiled()]);
    const turn = await this.turnOf(lc, { context, task, peers, opening });
    const messages = [...task.prompt.map((message) => toPrompt(lc, message)), ...toMessages(lc, opening)];
    try {
      // The limits of the run bound it; LangGraph's own count must not come first.
      const bounds = { signal: context.control.signal, recursionLimit: 10_000 };
      await graph.invoke({ messages }, { ...bounds, context: { turn } });
    } catch (error) {
      throw context.control.reason ?? rootOf(error);
    }
    if (turn.handoff !== undefined) return { handoff: turn.handoff };
    const answer = turn.dialogue.answer({ name: task.agent.name, path: task.path });
    return { answer: turn.format === undefined ? answer : turn.format.apply(answer) };
  }

  private compiled() {
    this.graph ??= (async () => this.compile(await loadLangChain(), await this.models.unasked()))();
    return this.graph;
  }

  private async turnOf(
    lc: LangChain,
    { context, task, peers, opening }: Pick<Turn, 'context' | 'task' | 'peers'> & { opening?: Opening },
  ): Promise<Turn> {
    const schema = schemaOf(task);
    const format = schema === undefined ? undefined : new AnswerFormat(schema);
    const shelf = await this.shelfOf(context, task, peers);
    const dialogue = new Dialogue();
    for (const { id } of opening?.calls ?? []) dialogue.callIds.add(id);
    const own = renderInstructions(task.agent, new Date(), context.variables);
    const all = [own, format?.instructions, shelf.isSearched ? SEARCH_HINT : ''].filter(Boolean);
    const instructions = new lc.SystemMessage(all.join('\n\n'));
    const { listed } = shelf;
    return { lc, context, task, peers, format, instructions, dialogue, shelf, listed, repaired: false };
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

  /** Every call passes the middleware, and none goes on to LangChain's own handlers: ToolExecutor and ModelCaller do the work. */
  private compile(lc: LangChain, model: BaseChatModel) {
    const journal = lc.createMiddleware({
      name: 'journal',
      wrapModelCall: async ({ messages, runtime }) => this.answer(turnIn(runtime), messages),
      wrapToolCall: async ({ toolCall: { id = '', name, args }, runtime }) => {
        const turn = turnIn(runtime);
        const call = turn.dialogue.call(id) ?? { id, name, arguments: args };
        return toToolMessage(lc, call, await this.act(turn, call));
      },
    });
    // The graph itself: what createAgent puts around it asks for a state that is never kept.
    return lc.createAgent({ model, tools: [], middleware: [journal] }).graph;
  }

  private async answer(turn: Turn, messages: readonly BaseMessage[]): Promise<AIMessage> {
    const { lc, instructions, shelf, task } = turn;
    // It has handed over: nothing more to say.
    if (turn.handoff !== undefined) return new lc.AIMessage('');
    turn.listed = shelf.listed;
    const prompt = instructions.text === '' ? messages : [instructions, ...messages];
    const { maxTokens = DEFAULT_CONTEXT_TOKENS } = task.agent.memory;
    return toMessage(lc, await this.speak(turn, fitToWindow(prompt, maxTokens, turn.listed.map(toFunction))));
  }

  /** The next message of the model. An answer that does not fit its schema is sent back once. */
  private async speak(turn: Turn, prompt: readonly BaseMessage[]): Promise<StoredReply> {
    const { lc, context, task, dialogue, format, shelf } = turn;
    const tools = turn.listed.map(toFunction);
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

/** Whose turn it is in the graph. */
function turnIn({ context }: { readonly context?: unknown }): Turn {
  return (context as { readonly turn: Turn }).turn;
}

/** A tool as OpenAI's API writes it down, which LangChain translates for every provider. */
interface ToldTool {
  readonly type: 'function';
  readonly function: Pick<ToolOffer, 'name' | 'description'> & { readonly parameters: JsonSchema };
}

/** The same object for the same offer: a turn tells its model of the same ones again and again. */
const told = new WeakMap<ToolOffer, ToldTool>();

function toFunction(offer: ToolOffer): ToldTool {
  const known = told.get(offer);
  if (known !== undefined) return known;
  const { name, description, inputSchema: parameters } = offer;
  const tool: ToldTool = { type: 'function', function: { name, description, parameters } };
  told.set(offer, tool);
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
