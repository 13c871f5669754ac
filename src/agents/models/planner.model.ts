import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager';
import { BaseChatModel, type BindToolsInput } from '@langchain/core/language_models/chat_models';
import { type BaseChatModelCallOptions } from '@langchain/core/language_models/chat_models';
import { AIMessageChunk, type BaseMessage } from '@langchain/core/messages';
import { ChatGenerationChunk, type ChatResult } from '@langchain/core/outputs';
import { convertToOpenAITool } from '@langchain/core/utils/function_calling';
import { PLANNER_ID } from './planner-id.js';
import { respond } from './planner/respond.js';
import { type PlannerTool } from './planner/tools.js';

/** The pause after every few words: an answer can be watched, but is never slow. */
const PAUSE_MS = 20;

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
    return this.withConfig({ ...options, tools: tools.map(toPlannerTool) });
  }

  override async _generate(messages: BaseMessage[], options: this['ParsedCallOptions']): Promise<ChatResult> {
    options.signal?.throwIfAborted();
    const { text, ending } = this.reply(messages, options);
    return { generations: [{ text, message: new AIMessageChunk({ content: text, ...ending }) }] };
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this['ParsedCallOptions'],
    run?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    options.signal?.throwIfAborted();
    const { text, ending } = this.reply(messages, options);
    for (const piece of text.match(/(?:\s*\S+\s*){1,5}/g) ?? []) {
      const chunk = new ChatGenerationChunk({ text: piece, message: new AIMessageChunk({ content: piece }) });
      yield chunk;
      await run?.handleLLMNewToken(piece, undefined, undefined, undefined, undefined, { chunk });
      await pause(PAUSE_MS, undefined, { signal: options.signal });
    }
    yield new ChatGenerationChunk({ text: '', message: new AIMessageChunk({ content: '', ...ending }) });
  }

  private reply(messages: readonly BaseMessage[], options: this['ParsedCallOptions']) {
    const tools = (options.tools ?? []).map((tool) => tool.function);
    const { text, calls } = respond(messages, tools);
    const tool_call_chunks = calls.map(({ name, args }, index) => {
      const id = `call_${randomUUID().replaceAll('-', '').slice(0, 20)}`;
      return { type: 'tool_call_chunk' as const, name, args: JSON.stringify(args), id, index };
    });
    const input_tokens = messages.reduce((sum, message) => sum + countWords(message.text), 0);
    const output_tokens = countWords(text) + countWords(JSON.stringify(calls));
    const usage_metadata = { input_tokens, output_tokens, total_tokens: input_tokens + output_tokens };
    const finish_reason = calls.length > 0 ? 'tool_calls' : 'stop';
    const response_metadata = { model_name: PLANNER_ID, finish_reason, usage_estimated: true };
    return { text, ending: { tool_call_chunks, usage_metadata, response_metadata } };
  }
}

const converted = new WeakMap<object, NonNullable<PlannerOptions['tools']>[number]>();
/** The same object for the same tool each time, so that the planner reads it once. */
function toPlannerTool(tool: BindToolsInput): NonNullable<PlannerOptions['tools']>[number] {
  const made = converted.get(tool) ?? convertToOpenAITool(tool);
  converted.set(tool, made);
  return made;
}

/** An estimate of tokens: a word is about one. Nobody pays for them. */
function countWords(text: string): number {
  return text.match(/\w+|[^\s\w]/g)?.length ?? 0;
}
