import { Inject, Injectable } from '@nestjs/common';
import { type BaseChatModel } from '@langchain/core/language_models/chat_models';
import { type AppError } from '../../common/app-error.js';
import { ENV, type Env } from '../../config/env.js';
import { type ModelProvider } from './model-provider.js';
import { ModelErrors } from './models.errors.js';
import { PlannerProvider } from './planner/planner.provider.js';

/** A model that is ready to be called. `generatedBy` says whether an LLM or rules write the answers. */
export interface OpenModel {
  readonly model: BaseChatModel;
  readonly id: string;
  readonly generatedBy: 'rules' | 'llm';
}

/** The chat models of this server: a provider for each prefix, loaded when it is first used. */
@Injectable()
export class ChatModels {
  private readonly providers: readonly ModelProvider[];

  constructor(@Inject(ENV) private readonly env: Env) {
    this.providers = [new PlannerProvider()];
  }

  /** Opens a model, `<provider>:<name>` or null for LLM_MODEL. Throws `model_not_available`, which names what to set. */
  async open(modelId: string | null): Promise<OpenModel> {
    const id = modelId ?? this.env.LLM_MODEL;
    const provider = this.providers.find((candidate) => id.startsWith(`${candidate.name}:`));
    if (provider === undefined) throw this.unknownProvider(id);
    const reason = provider.unavailable();
    if (reason !== undefined)
      throw ModelErrors.model_not_available(`The model ${id} is not available: ${reason}`);
    const model = await provider.open(id.slice(provider.name.length + 1));
    return { model, id, generatedBy: provider.generatedBy };
  }

  private unknownProvider(id: string): AppError {
    const known = this.providers.map((provider) => provider.name).join(', ');
    return ModelErrors.model_not_available(`There is no model provider for "${id}". Providers: ${known}.`);
  }
}
