import { type Context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { contextOf, tracer } from '../platform/telemetry/trace-context.js';
import { type RunStatus } from './run.js';
import { type RunStep } from './run-step.js';
import { isCached } from './usage/call-usage.js';

/** How a step ended, as far as a span tells it. */
interface SpanEnd {
  readonly status: 'completed' | 'failed';
  readonly name?: string;
  readonly usage?: unknown;
}

/**
 * The spans of a run on this worker, by the OpenTelemetry semantic conventions for GenAI: `invoke_agent`, below it
 * `chat` and `execute_tool`, sub-agents below the call that asked them. They continue the trace of the request that
 * made the run, so workers of several processes share one. Names and numbers only: no text of anybody.
 */
export class RunTrace {
  private readonly span: Span;
  private readonly root: Context;
  /** Contexts of the agents at work, by their path. */
  private readonly agents = new Map<string, Context>();

  constructor(run: {
    readonly id: string;
    readonly agent: string;
    readonly conversationId: string | null;
    readonly attempt: number;
    readonly traceparent: string | null;
  }) {
    const parent = contextOf(run.traceparent);
    this.span = tracer().startSpan(
      `invoke_agent ${run.agent}`,
      {
        kind: SpanKind.CONSUMER,
        attributes: {
          'gen_ai.operation.name': 'invoke_agent',
          'gen_ai.agent.name': run.agent,
          ...(run.conversationId !== null && { 'gen_ai.conversation.id': run.conversationId }),
          'mcp_server.run.id': run.id,
          'mcp_server.run.attempt': run.attempt,
        },
      },
      parent,
    );
    this.root = trace.setSpan(parent, this.span);
  }

  /** Measures a step that is really taken; a replayed one has no span. */
  async step<T extends SpanEnd>(step: RunStep, take: () => Promise<T>): Promise<T> {
    const parent = this.contextAt(step.path);
    const span = tracer().startSpan(
      nameOf(step),
      { kind: KINDS[step.kind], attributes: aboutOf(step) },
      parent,
    );
    if (step.kind === 'agent') this.agents.set(step.path, trace.setSpan(parent, span));
    try {
      const end = await take();
      if (step.kind === 'model') describeChat(span, end);
      if (end.status === 'failed') span.setStatus({ code: SpanStatusCode.ERROR });
      return end;
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      this.agents.delete(step.path);
      span.end();
    }
  }

  /** What this worker made of the run. */
  ended(status: RunStatus, errorCode?: string): void {
    this.span.setAttribute('mcp_server.run.status', status);
    if (errorCode !== undefined) this.span.setAttribute('error.type', errorCode);
    if (status === 'failed') this.span.setStatus({ code: SpanStatusCode.ERROR });
  }

  /** The run leaves this worker. */
  end(): void {
    this.span.end();
  }

  /** `assistant>analyst:<call>/m0` happens below the step `assistant/t:<call>`, everything else below the run. */
  private contextAt(path: string): Context {
    const agentPath = path.slice(0, path.lastIndexOf('/'));
    const cut = agentPath.lastIndexOf('>');
    if (cut < 0) return this.root;
    const call = agentPath.slice(agentPath.indexOf(':', cut) + 1);
    return this.agents.get(`${agentPath.slice(0, cut)}/t:${call}`) ?? this.root;
  }
}

const KINDS = { model: SpanKind.CLIENT, tool: SpanKind.INTERNAL, agent: SpanKind.INTERNAL } as const;

function nameOf({ kind, name }: RunStep): string {
  if (kind === 'model') return 'chat';
  return kind === 'tool' ? `execute_tool ${name}` : `invoke_agent ${name}`;
}

function aboutOf({ kind, name, agent, path, attempt }: RunStep): Record<string, string | number> {
  const about = {
    'gen_ai.agent.name': agent,
    'mcp_server.step.path': path,
    'mcp_server.step.attempt': attempt,
  };
  if (kind === 'model') return { ...about, 'gen_ai.operation.name': 'chat' };
  if (kind === 'agent')
    return { ...about, 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': name };
  return { ...about, 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': name };
}

function describeChat(span: Span, { name, usage }: SpanEnd): void {
  const colon = name?.indexOf(':') ?? -1;
  if (name !== undefined && colon > 0) {
    const model = name.slice(colon + 1);
    span.updateName(`chat ${model}`);
    span.setAttributes({ 'gen_ai.provider.name': name.slice(0, colon), 'gen_ai.response.model': model });
  }
  if (isCached(usage)) span.setAttribute('mcp_server.response_cache.hit', true);
  const { inputTokens, outputTokens } = (usage ?? {}) as { inputTokens?: number; outputTokens?: number };
  if (inputTokens !== undefined) span.setAttribute('gen_ai.usage.input_tokens', inputTokens);
  if (outputTokens !== undefined) span.setAttribute('gen_ai.usage.output_tokens', outputTokens);
}
