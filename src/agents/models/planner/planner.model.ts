import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager';
import {
  BaseChatModel,
  type BaseChatModelCallOptions,
  type BindToolsInput,
} from '@langchain/core/language_models/chat_models';
import { AIMessage, AIMessageChunk, type BaseMessage } from '@langchain/core/messages';
import { ChatGenerationChunk, type ChatResult } from '@langchain/core/outputs';
import { convertToOpenAITool } from '@langchain/core/utils/function_calling';
import { respond, type Turn } from './respond.js';
import { type PlannerTool } from './tools.js';

export const PLANNER_ID = 'builtin:planner';

/** Words that are given out together, and the pause after them: an answer can be watched, but is never slow. */
const WORDS_PER_DELTA = 3;
const PAUSE_MS = 12;

interface PlannerOptions extends BaseChatModelCallOptions {
  readonly tools?: readonly { readonly function: PlannerTool }[];
}

/** The planner as a LangChain chat model: streams like an LLM, but every word and call comes from rules. */
export class PlannerModel extends BaseChatModel<PlannerOptions> {
  constructor() {
    super({});
  }

  override _llmType(): string {
    return 'builtin-planner';
  }

  override bindTools(tools: BindToolsInput[], options?: Partial<PlannerOptions>) {
    const functions = tools.map((tool) => convertToOpenAITool(tool));
    return this.withConfig({ ...options, tools: functions });
  }

  override async _generate(messages: BaseMessage[], options: this['ParsedCallOptions']): Promise<ChatResult> {
    options.signal?.throwIfAborted();
    const { text, calls, ending } = this.reply(messages, options);
    const tool_calls = calls.map(({ name, args, id }) => ({ name, args, id, type: 'tool_call' as const }));
    return { generations: [{ text, message: new AIMessage({ content: text, tool_calls, ...ending }) }] };
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this['ParsedCallOptions'],
    run?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    options.signal?.throwIfAborted();
    const { text, calls, ending } = this.reply(messages, options);
    for (const piece of pieces(text)) {
      const chunk = chunkOf(piece);
      yield chunk;
      await run?.handleLLMNewToken(piece, undefined, undefined, undefined, undefined, { chunk });
      await pause(PAUSE_MS, undefined, { signal: options.signal });
    }
    const tool_call_chunks = calls.map(({ name, args, id }, index) => ({
      name,
      args: JSON.stringify(args),
      id,
      index,
      type: 'tool_call_chunk' as const,
    }));
    yield chunkOf('', { tool_call_chunks, ...ending });
  }

  private reply(messages: readonly BaseMessage[], options: this['ParsedCallOptions']) {
    const tools = (options.tools ?? []).map((tool) => tool.function);
    const { text, calls } = respond(messages.map(toTurn), tools);
    const input_tokens = messages.reduce((sum, message) => sum + countWords(message.text), 0);
    const output_tokens =
      countWords(text) + calls.reduce((sum, call) => sum + countWords(JSON.stringify(call)), 0);
    return {
      text,
      calls: calls.map((call) => ({ ...call, id: `call_${randomUUID().replaceAll('-', '').slice(0, 20)}` })),
      ending: {
        usage_metadata: { input_tokens, output_tokens, total_tokens: input_tokens + output_tokens },
        response_metadata: {
          model_name: PLANNER_ID,
          finish_reason: calls.length > 0 ? 'tool_calls' : 'stop',
          usage_estimated: true,
        },
      },
    };
  }
}

function chunkOf(content: string, more: object = {}): ChatGenerationChunk {
  return new ChatGenerationChunk({ text: content, message: new AIMessageChunk({ content, ...more }) });
}

const ROLES = ['human', 'ai', 'tool'] as const;

function toTurn(message: BaseMessage): Turn {
  const type = message.getType();
  const { tool_calls, tool_call_id, status } = message as Partial<{
    tool_calls: { id?: string; name: string; args: Record<string, unknown> }[];
    tool_call_id: string;
    status: string;
  }>;
  return {
    role: ROLES.find((role) => role === type) ?? 'other',
    text: message.text,
    calls: tool_calls ?? [],
    callId: tool_call_id,
    failed: status === 'error',
  };
}

function pieces(text: string): string[] {
  const words = text.match(/\s*\S+\s*/g) ?? [];
  const result: string[] = [];
  for (let at = 0; at < words.length; at += WORDS_PER_DELTA) {
    result.push(words.slice(at, at + WORDS_PER_DELTA).join(''));
  }
  return result;
}

/** An estimate of tokens: a word is about one. Nobody pays for them. */
function countWords(text: string): number {
  return text.match(/\w+|[^\s\w]/g)?.length ?? 0;
}
