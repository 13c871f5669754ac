import { type BaseChatModel } from '@langchain/core/language_models/chat_models';
import { type Env } from '../../config/env.js';
import { type SetUp } from './explain-failure.js';
import { lazily } from './lazy-import.js';
import { LLM_CAPABILITIES, type ModelProvider, type ModelUse, type OperatorFetch } from './model-provider.js';
import { openAiFields } from './openai-fields.js';

const API = 'https://api.openai.com/v1';
const load = lazily(() => import('./openai-compatible.model.js'));

/** OpenAI, and every server that speaks its chat completions: vLLM, Ollama, LM Studio, gateways. */
export class OpenAiProvider implements ModelProvider {
  readonly name = 'openai';
  readonly generatedBy = 'llm';
  readonly capabilities = LLM_CAPABILITIES;
  readonly description: string;

  constructor(
    private readonly env: Pick<Env, 'OPENAI_API_KEY' | 'OPENAI_BASE_URL'>,
    private readonly fetchFor: OperatorFetch,
  ) {
    this.description =
      env.OPENAI_BASE_URL === undefined ? 'A model of OpenAI.' : 'A model of an OpenAI-compatible server.';
  }

  get setUp(): SetUp {
    return {
      key: 'OPENAI_API_KEY',
      ...(this.env.OPENAI_BASE_URL !== undefined && { url: 'OPENAI_BASE_URL' }),
    };
  }

  unavailable(): string | undefined {
    const { OPENAI_API_KEY, OPENAI_BASE_URL } = this.env;
    return OPENAI_API_KEY === undefined && OPENAI_BASE_URL === undefined
      ? 'set OPENAI_API_KEY, or OPENAI_BASE_URL for a compatible server.'
      : undefined;
  }

  async open(model: string, use: ModelUse = {}): Promise<BaseChatModel> {
    const { OpenAiCompatibleModel } = await load();
    const baseURL = this.env.OPENAI_BASE_URL ?? API;
    // Other servers hold the model to the schema from its first word on, so that it could not call a tool.
    const isOwn = new URL(baseURL).host === new URL(API).host;
    return new OpenAiCompatibleModel({
      model,
      ...openAiFields(use, isOwn || use.withTools !== true),
      // Local servers want no key, but the SDK wants one.
      apiKey: this.env.OPENAI_API_KEY ?? 'none',
      maxRetries: 0,
      configuration: { baseURL, maxRetries: 0, fetch: this.fetchFor(baseURL) },
    });
  }
}
