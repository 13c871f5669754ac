import { Inject, Injectable } from '@nestjs/common';
import { type BaseChatModel } from '@langchain/core/language_models/chat_models';
import { type Actor } from '../../common/actor.js';
import { AppError } from '../../common/app-error.js';
import { ENV, type Env } from '../../config/env.js';
import { Egress } from '../../platform/egress/egress.js';
import { AnthropicProvider } from './anthropic.provider.js';
import { AzureProvider } from './azure.provider.js';
import { type CallLog } from './call-log.js';
import { type Candidate, type Variant } from './candidate.js';
import { GoogleProvider } from './google.provider.js';
import { lazily } from './lazy-import.js';
import { ModelBreakers } from './model-breakers.js';
import { type ModelCapabilities, type ModelProvider, type ModelUse } from './model-provider.js';
import { ModelErrors } from './models.errors.js';
import { OpenAiProvider } from './openai.provider.js';
import { PACKAGED, PackageProvider } from './package.provider.js';
import { PLANNER_ID } from './planner-id.js';
import { PlannerProvider } from './planner.provider.js';
import { afterRefusal, Refusals } from './refusals.js';

/** A model that is ready to be called. `generatedBy` says whether an LLM or rules write the answers. */
export interface OpenModel {
  readonly model: BaseChatModel;
  readonly id: string;
  readonly generatedBy: 'rules' | 'llm';
}

/** How a model is to be opened. */
export interface OpenOptions extends ModelUse {
  /** Tried in order when the model is not available. Default: LLM_FALLBACKS. */
  readonly fallbackModels?: readonly string[];
  /** Is told of every request. */
  readonly log?: CallLog;
}

/** What a client may know of a model. `openai:*` stands for any model of a provider. */
export interface ModelInfo {
  readonly id: string;
  readonly provider: string;
  readonly available: boolean;
  readonly reason?: string;
  /** What its last call from this process failed with. */
  readonly problem?: string;
  readonly description: string;
  /** Agents that name no model use it. */
  readonly isDefault: boolean;
  readonly capabilities?: ModelCapabilities;
}

const resilient = lazily(() => import('./resilient.model.js'));

/** The chat models of this server: a provider for each prefix, its library loaded when it is first used. */
@Injectable()
export class ChatModels {
  private readonly providers: readonly ModelProvider[];
  private readonly breakers = new ModelBreakers();
  private readonly refusals = new Refusals();

  constructor(
    @Inject(ENV) private readonly env: Env,
    egress: Egress,
  ) {
    const fetchFor = (baseUrl: string) => egress.forOperator(baseUrl);
    this.providers = [
      new PlannerProvider(),
      new OpenAiProvider(env, fetchFor),
      new AnthropicProvider(env, fetchFor),
      new GoogleProvider(env, fetchFor),
      new AzureProvider(env, fetchFor),
      ...PACKAGED.map((provider) => new PackageProvider(provider, env)),
    ];
  }

  /**
   * Opens a model, `<provider>:<name>` or null for LLM_MODEL, with its fallbacks (default: LLM_FALLBACKS). Throws
   * `model_not_available`, which names what to set. Rules never stand in for an LLM that fails: the planner is no fallback.
   */
  async open(
    modelId: string | null,
    { fallbackModels = [], log, ...use }: OpenOptions = {},
  ): Promise<OpenModel> {
    const id = modelId ?? this.env.LLM_MODEL;
    const provider = this.providerOf(id);
    if (provider.generatedBy === 'rules') {
      return { model: await provider.open(nameOf(id)), id, generatedBy: 'rules' };
    }
    const others = fallbackModels.length > 0 ? fallbackModels : this.env.LLM_FALLBACKS;
    const candidates: Candidate[] = [];
    let missing: unknown;
    for (const one of new Set([id, ...others])) {
      try {
        candidates.push(await this.candidate(one, use));
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        missing ??= error;
      }
    }
    const [first] = candidates;
    if (first === undefined) throw missing;
    const { PATIENCE, ResilientModel } = await resilient();
    return {
      model: new ResilientModel(candidates, this.breakers, PATIENCE, log),
      id: first.id,
      generatedBy: 'llm',
    };
  }

  /** The models that are configured, and one entry for each provider that could be. Open to every caller. */
  list(_actor: Actor): ModelInfo[] {
    const ids = new Set([PLANNER_ID, this.env.LLM_MODEL, ...this.env.LLM_FALLBACKS]);
    for (const { name, generatedBy } of this.providers) if (generatedBy === 'llm') ids.add(`${name}:*`);
    return [...ids].map((id) => this.describe(id));
  }

  private describe(id: string): ModelInfo {
    const isDefault = id === this.env.LLM_MODEL;
    try {
      const provider = this.providerOf(id);
      const reason = provider.unavailable();
      const { name, description, capabilities } = provider;
      const problem = this.breakers.problemOf(id);
      return {
        id,
        provider: name,
        available: reason === undefined,
        ...(reason && { reason }),
        ...(problem && { problem }),
        description,
        isDefault,
        capabilities,
      };
    } catch (error) {
      const reason = error instanceof AppError ? error.message : 'It cannot be used.';
      const provider = id.split(':')[0] ?? '';
      return { id, provider, available: false, reason, description: 'An unknown model.', isDefault };
    }
  }

  private async candidate(id: string, use: ModelUse): Promise<Candidate> {
    const { setUp } = this.providerOf(id);
    return { id, setUp, ...(await this.variant(id, use, this.refusals.without(id, use))) };
  }

  /** A model in one way of asking it, which leaves out what its provider refused of `asked`. */
  private async variant(id: string, asked: ModelUse, use: ModelUse): Promise<Variant> {
    const { hasResponses } = this.providerOf(id);
    return {
      model: await this.openLlm(id, use),
      answered: () => this.refusals.learn(id, asked, use),
      instead: async (refusal) => {
        const less = afterRefusal(use, refusal, hasResponses);
        return less && this.variant(id, asked, less);
      },
    };
  }

  private async openLlm(id: string, use: ModelUse): Promise<BaseChatModel> {
    const provider = this.providerOf(id);
    const reason = provider.unavailable();
    if (reason !== undefined)
      throw ModelErrors.model_not_available(`The model ${id} is not available: ${reason}`);
    if (provider.generatedBy === 'rules') {
      throw ModelErrors.model_not_available(`${id} cannot be a fallback: rules never stand in for an LLM.`);
    }
    return provider.open(nameOf(id), use);
  }

  private providerOf(id: string): ModelProvider {
    const provider = this.providers.find(({ name }) => id.startsWith(`${name}:`));
    if (provider !== undefined) return provider;
    const known = this.providers.map(({ name }) => name).join(', ');
    throw ModelErrors.model_not_available(`There is no model provider for "${id}". Providers: ${known}.`);
  }
}

function nameOf(id: string): string {
  return id.slice(id.indexOf(':') + 1);
}
