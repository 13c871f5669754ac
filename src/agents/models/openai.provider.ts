import { type BaseChatModel } from '@langchain/core/language_models/chat_models';
import { type Env } from '../../config/env.js';
import { type SetUp } from './explain-failure.js';
import { LLM_CAPABILITIES, type ModelProvider, type ModelUse, type OperatorFetch } from './model-provider.js';
import { openByOpenAi } from './openai-api.js';

const API = 'https://api.openai.com/v1';
/** Local servers want no key, but the SDK wants one. */
const NO_KEY = 'none';

/** OpenAI, and every server that speaks its chat completions or Responses API: vLLM, Ollama, LM Studio, gateways. */
export class OpenAiProvider implements ModelProvider {
  readonly name = 'openai';
  readonly generatedBy = 'llm';
  readonly capabilities = LLM_CAPABILITIES;
  readonly description: string;

  constructor(
    private readonly env: Pick<Env, 'OPENAI_API_KEY' | 'OPENAI_BASE_URL'> & Partial<Pick<Env, 'OPENAI_API'>>,
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

  get hasResponses(): boolean {
    return this.env.OPENAI_API === 'auto';
  }

  unavailable(): string | undefined {
    const { OPENAI_API_KEY, OPENAI_BASE_URL } = this.env;
    return OPENAI_API_KEY === undefined && OPENAI_BASE_URL === undefined
      ? 'set OPENAI_API_KEY, or OPENAI_BASE_URL for a compatible server.'
      : undefined;
  }

  open(model: string, use: ModelUse = {}): Promise<BaseChatModel> {
    const { OPENAI_BASE_URL: baseURL = API, OPENAI_API_KEY: apiKey = NO_KEY, OPENAI_API: api } = this.env;
    // Other servers hold the model to the schema from its first word on, so that it could not call a tool.
    const isOwn = new URL(baseURL).host === new URL(API).host;
    const takesSchema = isOwn || use.withTools !== true;
    const fetch = this.fetchFor(baseURL);
    return openByOpenAi(model, use, { baseURL, apiKey, api, fetch, takesSchema });
  }
}
