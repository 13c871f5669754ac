import { type BaseChatModel } from '@langchain/core/language_models/chat_models';
import { type JsonSchema } from '../../tools/tool.js';
import { type SetUp } from './explain-failure.js';

/** What models of a provider can do, as far as the provider goes; a single model may do less. */
export interface ModelCapabilities {
  readonly tools: boolean;
  readonly streaming: boolean;
  readonly structuredOutput: boolean;
  readonly images: boolean;
}

export const LLM_CAPABILITIES: ModelCapabilities = {
  tools: true,
  streaming: true,
  structuredOutput: true,
  images: true,
};

/** How a model is to answer. */
export interface ModelUse {
  readonly temperature?: number;
  readonly maxOutputTokens?: number;
  /** The answer is JSON of this schema, where the provider can hold its model to it. */
  readonly output?: JsonSchema;
  /** Tools are offered beside it, which some providers cannot do at once. */
  readonly withTools?: boolean;
  /** By OpenAI's Responses API, where `hasResponses`: some models call tools there only. */
  readonly byResponses?: boolean;
  /** Answer without reasoning first: some models refuse tools beside it. */
  readonly withoutReasoning?: boolean;
}

/**
 * Port: where chat models come from. Adapters: builtin (the planner), openai, anthropic, google, azure,
 * and packages that the operator installs; those in the box pass test/contract/chat-model.ts. An adapter loads its library only in `open`.
 */
export interface ModelProvider {
  /** The part of a model id before the colon. */
  readonly name: string;
  /** Who writes the answers. */
  readonly generatedBy: 'rules' | 'llm';
  readonly description: string;
  readonly capabilities: ModelCapabilities;
  /** What to check when it does not answer. */
  readonly setUp?: SetUp;
  /** Can a model be opened `byResponses`? */
  readonly hasResponses?: boolean;
  /** Why it cannot be used now: names the variable to set. Undefined when it can. */
  unavailable(): string | undefined;
  /** Makes a model without calling the provider. Throws `model_not_available` for a name that cannot exist. */
  open(model: string, use?: ModelUse): Promise<BaseChatModel>;
}

/** The guarded fetch for a base URL that the operator configured: it may reach that host and port, nothing else more. */
export type OperatorFetch = (baseUrl: string) => typeof globalThis.fetch;
