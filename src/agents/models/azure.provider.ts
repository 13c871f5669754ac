import { type BaseChatModel } from '@langchain/core/language_models/chat_models';
import { type Env } from '../../config/env.js';
import { lazily } from './lazy-import.js';
import { LLM_CAPABILITIES, type ModelProvider, type ModelUse, type OperatorFetch } from './model-provider.js';
import { openAiFields } from './openai-fields.js';

const load = lazily(() => import('./openai-compatible.model.js'));

/** Deployments of Azure OpenAI by its v1 API, which is OpenAI's own; `azure:<deployment>`. */
export class AzureProvider implements ModelProvider {
  readonly name = 'azure';
  readonly generatedBy = 'llm';
  readonly description = 'A deployment of Azure OpenAI.';
  readonly capabilities = LLM_CAPABILITIES;
  readonly setUp = { key: 'AZURE_OPENAI_API_KEY', url: 'AZURE_OPENAI_ENDPOINT' };

  constructor(
    private readonly env: Pick<Env, 'AZURE_OPENAI_API_KEY' | 'AZURE_OPENAI_ENDPOINT'>,
    private readonly fetchFor: OperatorFetch,
  ) {}

  unavailable(): string | undefined {
    const { AZURE_OPENAI_API_KEY, AZURE_OPENAI_ENDPOINT } = this.env;
    return AZURE_OPENAI_API_KEY === undefined || AZURE_OPENAI_ENDPOINT === undefined
      ? 'set AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_API_KEY.'
      : undefined;
  }

  async open(model: string, use: ModelUse = {}): Promise<BaseChatModel> {
    const { OpenAiCompatibleModel } = await load();
    const { AZURE_OPENAI_API_KEY: apiKey, AZURE_OPENAI_ENDPOINT: endpoint = '' } = this.env;
    const baseURL = `${endpoint.replace(/\/+$/, '')}/openai/v1`;
    return new OpenAiCompatibleModel({
      model,
      ...openAiFields(use, true),
      apiKey,
      maxRetries: 0,
      configuration: {
        baseURL,
        maxRetries: 0,
        defaultHeaders: { 'api-key': apiKey },
        fetch: this.fetchFor(baseURL),
      },
    });
  }
}
