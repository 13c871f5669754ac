import { type BaseChatModel } from '@langchain/core/language_models/chat_models';
import { type Env } from '../../config/env.js';
import { type SetUp } from './explain-failure.js';
import { lazily } from './lazy-import.js';
import { LLM_CAPABILITIES, type ModelProvider, type ModelUse, type OperatorFetch } from './model-provider.js';
import { googleSchema } from './native-schema.js';

const API = 'https://generativelanguage.googleapis.com';
const load = lazily(() => import('@langchain/google'));

/** Google's Gemini API, or a server that speaks it. */
export class GoogleProvider implements ModelProvider {
  readonly name = 'google';
  readonly generatedBy = 'llm';
  readonly description = 'A Gemini model of Google.';
  readonly capabilities = LLM_CAPABILITIES;

  constructor(
    private readonly env: Pick<Env, 'GOOGLE_API_KEY' | 'GOOGLE_BASE_URL'>,
    private readonly fetchFor: OperatorFetch,
  ) {}

  get setUp(): SetUp {
    return {
      key: 'GOOGLE_API_KEY',
      ...(this.env.GOOGLE_BASE_URL !== undefined && { url: 'GOOGLE_BASE_URL' }),
    };
  }

  unavailable(): string | undefined {
    const { GOOGLE_API_KEY, GOOGLE_BASE_URL } = this.env;
    return GOOGLE_API_KEY === undefined && GOOGLE_BASE_URL === undefined ? 'set GOOGLE_API_KEY.' : undefined;
  }

  async open(
    model: string,
    { temperature, maxOutputTokens, output, withTools }: ModelUse = {},
  ): Promise<BaseChatModel> {
    const { ChatGoogle } = await load();
    const endpoint = this.env.GOOGLE_BASE_URL ?? API;
    const key = this.env.GOOGLE_API_KEY ?? 'none';
    const fetch = this.fetchFor(endpoint);
    const apiClient = {
      hasApiKey: () => true,
      getProjectId: () => Promise.reject(new Error('The Gemini API knows no projects')),
      // Their Request is taken apart: the guard takes what it checks, not an object of another fetch.
      async fetch({ url, method, headers, body, signal, ...request }: Request) {
        headers.set('x-goog-api-key', key);
        const text = body === null ? undefined : await new Response(body).text();
        return fetch(url, { ...request, method, headers, body: text, signal });
      },
    };
    // Gemini refuses function calls beside an answer of type application/json.
    const responseSchema = output === undefined || withTools === true ? undefined : googleSchema(output);
    return new ChatGoogle({
      ...{ model, apiKey: key, apiClient, endpoint, platformType: 'gai', maxRetries: 0 },
      ...{ temperature, maxOutputTokens, responseSchema },
    });
  }
}
