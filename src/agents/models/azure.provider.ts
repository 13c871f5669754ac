import { type BaseChatModel } from '@langchain/core/language_models/chat_models';
import { type Env } from '../../config/env.js';
import { LLM_CAPABILITIES, type ModelProvider, type ModelUse, type OperatorFetch } from './model-provider.js';
import { openByOpenAi } from './openai-api.js';

/** Deployments of Azure OpenAI by its v1 API, which is OpenAI's own; `azure:<deployment>`. */
export class AzureProvider implements ModelProvider {
  readonly name = 'azure';
  readonly generatedBy = 'llm';
  readonly description = 'A deployment of Azure OpenAI.';
  readonly capabilities = LLM_CAPABILITIES;
  readonly setUp = { key: 'AZURE_OPENAI_API_KEY', url: 'AZURE_OPENAI_ENDPOINT' };

  constructor(
    private readonly env: Pick<Env, 'AZURE_OPENAI_API_KEY' | 'AZURE_OPENAI_ENDPOINT'> &
      Partial<Pick<Env, 'OPENAI_API'>>,
    private readonly fetchFor: OperatorFetch,
  ) {}

  get hasResponses(): boolean {
    return this.env.OPENAI_API === 'auto';
  }

  unavailable(): string | undefined {
    const { AZURE_OPENAI_API_KEY, AZURE_OPENAI_ENDPOINT } = this.env;
    return AZURE_OPENAI_API_KEY === undefined || AZURE_OPENAI_ENDPOINT === undefined
      ? 'set AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_API_KEY.'
      : undefined;
  }

  open(model: string, use: ModelUse = {}): Promise<BaseChatModel> {
    const { AZURE_OPENAI_API_KEY: apiKey, AZURE_OPENAI_ENDPOINT: endpoint = '', OPENAI_API: api } = this.env;
    const baseURL = `${endpoint.replace(/\/+$/, '')}/openai/v1`;
    const server = { baseURL, apiKey, api, fetch: this.fetchFor(baseURL), headers: { 'api-key': apiKey } };
    return openByOpenAi(model, use, { ...server, takesSchema: true });
  }
}
