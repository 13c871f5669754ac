import { type BaseChatModel } from '@langchain/core/language_models/chat_models';
import { type Env } from '../../config/env.js';
import { type SetUp } from './explain-failure.js';
import { lazily } from './lazy-import.js';
import { LLM_CAPABILITIES, type ModelProvider, type ModelUse, type OperatorFetch } from './model-provider.js';
import { anthropicSchema } from './native-schema.js';

const API = 'https://api.anthropic.com';
/** Anthropic's API wants a bound of each answer. */
const MAX_OUTPUT_TOKENS = 8192;
const load = lazily(() => import('./anthropic-messages.model.js'));

/** Anthropic's messages API, or a server that speaks it. */
export class AnthropicProvider implements ModelProvider {
  readonly name = 'anthropic';
  readonly generatedBy = 'llm';
  readonly capabilities = LLM_CAPABILITIES;
  readonly description = 'A model of Anthropic.';

  constructor(
    private readonly env: Pick<Env, 'ANTHROPIC_API_KEY' | 'ANTHROPIC_BASE_URL'> &
      Partial<Pick<Env, 'ANTHROPIC_PROMPT_CACHE'>>,
    private readonly fetchFor: OperatorFetch,
  ) {}

  get setUp(): SetUp {
    return {
      key: 'ANTHROPIC_API_KEY',
      ...(this.env.ANTHROPIC_BASE_URL !== undefined && { url: 'ANTHROPIC_BASE_URL' }),
    };
  }

  unavailable(): string | undefined {
    const { ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL } = this.env;
    return ANTHROPIC_API_KEY === undefined && ANTHROPIC_BASE_URL === undefined
      ? 'set ANTHROPIC_API_KEY.'
      : undefined;
  }

  async open(
    model: string,
    { temperature, maxOutputTokens = MAX_OUTPUT_TOKENS, output }: ModelUse = {},
  ): Promise<BaseChatModel> {
    const { AnthropicMessagesModel } = await load();
    const baseURL = this.env.ANTHROPIC_BASE_URL ?? API;
    const promptCache = this.env.ANTHROPIC_PROMPT_CACHE === 'on';
    const schema = output && anthropicSchema(output);
    const fields = {
      model,
      ...(temperature !== undefined && { temperature }),
      ...(schema && { outputConfig: { format: { type: 'json_schema' as const, schema } } }),
      apiKey: this.env.ANTHROPIC_API_KEY ?? 'none',
      anthropicApiUrl: baseURL,
      maxTokens: maxOutputTokens,
      maxRetries: 0,
      clientOptions: { maxRetries: 0, fetch: this.fetchFor(baseURL) },
    };
    return new AnthropicMessagesModel(fields, promptCache);
  }
}
