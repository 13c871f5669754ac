import { Injectable } from '@nestjs/common';
import { type AIMessage, type BaseMessage } from '@langchain/core/messages';
import { type AgentDefinition } from '../../agents/agent.js';
import { AgentsService } from '../../agents/agents.service.js';
import { renderInstructions } from '../../agents/instructions.js';
import { AppError } from '../../common/app-error.js';
import { type AgentAnswer, type PromptMessage, type RunContext } from '../run-context.js';
import { RunStop } from '../run-control.js';
import { newEvent } from '../run-event.js';
import { type StepEnd } from '../run-journal.js';
import { type AgentTask, type ToolReply } from './agent-task.js';
import { AgentTools } from './agent-tools.service.js';
import { askName, askTool, canAsk, type ToolOffer } from './delegation.js';
import { loadLangChain, type LangChain } from './langchain.js';
import { type StoredReply, type StoredToolCall, toMessage } from './messages.js';
import { ModelCaller } from './model-caller.service.js';

/** Runs agents with LangChain's createAgent: one middleware journals every model call and every tool call. */
@Injectable()
export class AgentRunner {
  constructor(
    private readonly agents: AgentsService,
    private readonly tools: AgentTools,
    private readonly models: ModelCaller,
  ) {}

  /** Loads LangChain ahead of the first run. */
  async warmUp(): Promise<void> {
    await loadLangChain();
  }

  /**
   * Runs an agent until it answers. Throws RunStop when the run must not go on, an AppError when a model fails.
   * Steps that the journal holds are replayed without a call or an event.
   */
  async run(context: RunContext, task: AgentTask): Promise<AgentAnswer> {
    const lc = await loadLangChain();
    const subAgents = await this.agents.getMany(context.actor, task.agent.subAgents);
    const offers = [
      ...(await this.tools.offers(context.actor, task.agent)),
      ...(await Promise.all(
        subAgents.map(async (agent) => askTool(agent, await this.tools.offers(context.actor, agent))),
      )),
    ];
    const dialogue = new Dialogue();
    const agent = lc.createAgent({
      name: task.agent.name,
      model: await this.models.primary(task.agent),
      systemPrompt: renderInstructions(task.agent, new Date()),
      tools: offers.map((offer) => toLangChain(lc, offer)),
      middleware: [this.journal(lc, context, task, { offers, subAgents, dialogue })],
    });
    try {
      await agent.invoke(
        { messages: task.prompt.map((message) => toPrompt(lc, message)) },
        // The limits of the run bound it; LangGraph's own count must not come first.
        { signal: context.control.signal, recursionLimit: 10_000, callbacks: [] },
      );
    } catch (error) {
      throw context.control.reason ?? rootOf(error);
    }
    return dialogue.answer();
  }

  /** Every call passes here, and none goes on to LangChain's own handlers: ToolExecutor and ModelCaller do the work. */
  private journal(
    lc: LangChain,
    context: RunContext,
    task: AgentTask,
    own: { offers: readonly ToolOffer[]; subAgents: readonly AgentDefinition[]; dialogue: Dialogue },
  ) {
    const { dialogue, offers, subAgents } = own;
    return lc.createMiddleware({
      name: 'journal',
      wrapModelCall: async (request) => {
        const step = dialogue.nextStep();
        const prompt: BaseMessage[] = [request.systemMessage, ...request.messages];
        const reply = await this.models.call(context, task, {
          step,
          prompt: prompt.filter((message) => message.text !== '' || message.getType() !== 'system'),
          tools: request.tools,
          seen: dialogue.callIds,
        });
        dialogue.add(reply);
        return toMessage(lc, reply.reply);
      },
      wrapToolCall: async ({ toolCall: { id = '', name, args } }) => {
        const call = dialogue.call(id) ?? { id, name, arguments: args };
        const target = subAgents.find((agent) => askName(agent) === name);
        const { text, isError } =
          target === undefined
            ? await this.tools.call(context, task, call, offers)
            : await this.ask(context, task, call, target);
        return new lc.ToolMessage({
          content: text,
          tool_call_id: id,
          name,
          status: isError ? 'error' : 'success',
        });
      },
    });
  }

  /** A sub-agent works as steps of the same run. What goes wrong there is an error result, never an empty success. */
  private async ask(
    context: RunContext,
    task: AgentTask,
    call: StoredToolCall,
    agent: AgentDefinition,
  ): Promise<ToolReply> {
    const path = `${task.path}>${agent.name}:${call.id}`;
    const by = { name: agent.name, path };
    const question = call.arguments['task'];
    const step = await context.journal.step(
      {
        path: `${task.path}/t:${call.id}`,
        kind: 'agent',
        agent: task.agent.name,
        name: agent.name,
        request: call.arguments,
        repeatable: true,
        started: [newEvent('agent.started', by, { task: question })],
      },
      async (): Promise<StepEnd> => {
        const refusal = canAsk(task, agent, question);
        const end = (result: ToolReply): StepEnd => ({
          status: result.isError ? 'failed' : 'completed',
          result,
          events: [newEvent('agent.completed', by, { isError: result.isError })],
        });
        if (refusal !== undefined) return end({ text: refusal, isError: true });
        try {
          const above = [...task.above, task.agent.name];
          const prompt: PromptMessage[] = [{ role: 'user', text: String(question) }];
          const { text } = await this.run(context, { agent, path, above, prompt });
          if (text === '') return end({ text: `The agent ${agent.name} gave no answer.`, isError: true });
          return end({ text, isError: false });
        } catch (error) {
          if (error instanceof RunStop || context.control.reason !== undefined) throw error;
          return end({ text: this.models.describe(agent, error), isError: true });
        }
      },
    );
    return step.result as ToolReply;
  }
}

/** What the model said so far, in order. */
class Dialogue {
  readonly callIds = new Set<string>();
  private readonly replies: { reply: StoredReply; messageId: string }[] = [];
  private steps = 0;

  nextStep(): number {
    this.steps += 1;
    return this.steps - 1;
  }

  add(reply: { reply: StoredReply; messageId: string }): void {
    this.replies.push(reply);
    for (const call of reply.reply.toolCalls) this.callIds.add(call.id);
  }

  /** A call as it was written. */
  call(id: string): StoredToolCall | undefined {
    return this.replies.at(-1)?.reply.toolCalls.find((call) => call.id === id);
  }

  answer(): AgentAnswer {
    const last = this.replies.at(-1);
    if (last === undefined) throw new Error('The agent ended without a model call');
    const { text, model, generatedBy } = last.reply;
    const toolCalls = this.replies.flatMap(({ reply }) =>
      reply.toolCalls.map(({ id, name, arguments: args }) => ({ id, name, arguments: args })),
    );
    return { text, messageId: last.messageId, model, generatedBy, toolCalls };
  }
}

/** For LangChain a tool is only what the model is told; the middleware answers every call. */
function toLangChain({ DynamicStructuredTool }: LangChain, offer: ToolOffer) {
  return new DynamicStructuredTool({
    name: offer.name,
    description: offer.description,
    schema: offer.inputSchema,
    func: async () => {
      throw new Error('The middleware answers every tool call');
    },
  });
}

function toPrompt(
  { AIMessage, HumanMessage }: LangChain,
  { role, text }: PromptMessage,
): AIMessage | BaseMessage {
  return role === 'user' ? new HumanMessage(text) : new AIMessage(text);
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
