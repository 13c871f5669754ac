import { type ModelUse } from './model-provider.js';
import { openAiFormat } from './native-schema.js';

/** Fields of a model that speaks OpenAI's chat completions. `native`: may the provider be given the schema? */
export function openAiFields({ temperature, maxOutputTokens, output }: ModelUse, native: boolean) {
  return {
    ...(temperature !== undefined && { temperature }),
    ...(maxOutputTokens !== undefined && { maxTokens: maxOutputTokens }),
    ...(native && output !== undefined && { modelKwargs: { response_format: openAiFormat(output) } }),
  };
}
