import { type ModelUse } from './model-provider.js';
import { openAiFormat } from './native-schema.js';

/** Fields of a model that speaks OpenAI's chat completions. `native`: may the provider be given the schema? */
export function openAiFields(use: ModelUse, native: boolean) {
  const { temperature, maxOutputTokens, output, withoutReasoning } = use;
  const modelKwargs = {
    ...(native && output !== undefined && { response_format: openAiFormat(output) }),
    ...(withoutReasoning === true && { reasoning_effort: 'none' }),
  };
  return {
    ...(temperature !== undefined && { temperature }),
    ...(maxOutputTokens !== undefined && { maxTokens: maxOutputTokens }),
    ...(Object.keys(modelKwargs).length > 0 && { modelKwargs }),
  };
}
