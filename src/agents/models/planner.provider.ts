import { type BaseChatModel } from '@langchain/core/language_models/chat_models';
import { lazily } from './lazy-import.js';
import { type ModelProvider } from './model-provider.js';
import { ModelErrors } from './models.errors.js';

const load = lazily(() => import('./planner.model.js'));

/** The model that needs no key and no network: rules, not an LLM. */
export class PlannerProvider implements ModelProvider {
  readonly name = 'builtin';
  readonly generatedBy = 'rules';
  readonly capabilities = { tools: true, streaming: true, structuredOutput: false, images: false };
  readonly description =
    'A deterministic, rule-based planner that calls tools and quotes their results. Not an LLM.';

  private model?: BaseChatModel;

  unavailable(): undefined {
    return undefined;
  }

  async open(model: string): Promise<BaseChatModel> {
    if (model !== 'planner')
      throw ModelErrors.model_not_available('The only builtin model is builtin:planner.');
    const { PlannerModel } = await load();
    // It keeps nothing, and LangChain makes much of each new model.
    this.model ??= new PlannerModel();
    return this.model;
  }
}
