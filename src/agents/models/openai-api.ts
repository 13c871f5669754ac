import { type BaseChatModel } from '@langchain/core/language_models/chat_models';
import { type Env } from '../../config/env.js';
import { lazily } from './lazy-import.js';
import { type ModelUse } from './model-provider.js';
import { openAiFormat } from './native-schema.js';

const loadChat = lazily(() => import('./openai-compatible.model.js'));
const loadResponses = lazily(() => import('./openai-responses.model.js'));

/** A server that speaks an API of OpenAI. */
interface OpenAiServer {
  readonly baseURL: string;
  readonly apiKey: string | undefined;
  readonly api: Env['OPENAI_API'] | undefined;
  readonly fetch: typeof globalThis.fetch;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** May it be given the schema of the answer? */
  readonly takesSchema: boolean;
}

/** A model by chat completions, or by the Responses API where the operator or the use wants that. */
export async function openByOpenAi(
  model: string,
  use: ModelUse,
  { baseURL, apiKey, api, fetch, headers, takesSchema }: OpenAiServer,
): Promise<BaseChatModel> {
  const { temperature, maxOutputTokens, output, withTools, withoutReasoning } = use;
  const format = takesSchema && output !== undefined ? openAiFormat(output) : undefined;
  const fields = {
    ...{ model, apiKey, maxRetries: 0 },
    ...(temperature !== undefined && { temperature }),
    ...(maxOutputTokens !== undefined && { maxTokens: maxOutputTokens }),
    configuration: { baseURL, maxRetries: 0, fetch, ...(headers && { defaultHeaders: headers }) },
  };
  if (api === 'responses' || use.byResponses === true) {
    const { OpenAiResponsesModel } = await loadResponses();
    const reasons = withTools === true && withoutReasoning !== true;
    const modelKwargs = {
      ...(format && { text: { format: { type: format.type, ...format.json_schema } } }),
      ...(reasons && { include: ['reasoning.encrypted_content'] }),
    };
    // Left alone, the API makes the schemas of tools strict: every argument that may be left out would come as null.
    return new OpenAiResponsesModel({
      ...{ ...fields, modelKwargs },
      ...{ zdrEnabled: true, supportsStrictToolCalling: false },
    });
  }
  const { OpenAiCompatibleModel } = await loadChat();
  const modelKwargs = {
    ...(format && { response_format: format }),
    ...(withoutReasoning === true && { reasoning_effort: 'none' }),
  };
  return new OpenAiCompatibleModel({ ...fields, modelKwargs });
}
