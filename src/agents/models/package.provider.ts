import { createRequire } from 'node:module';
import { type BaseChatModel } from '@langchain/core/language_models/chat_models';
import { type Env } from '../../config/env.js';
import { lazily } from './lazy-import.js';
import { LLM_CAPABILITIES, type ModelProvider, type ModelUse } from './model-provider.js';
import { ModelErrors } from './models.errors.js';

type Variable = 'MISTRAL_API_KEY' | 'GROQ_API_KEY' | 'AWS_REGION';

/** A provider whose LangChain package the operator installs. */
export interface PackagedProvider {
  readonly name: string;
  readonly title: string;
  readonly package: string;
  /** The chat model that the package exports. */
  readonly exported: string;
  /** What has to be set, and the constructor's option that takes it. */
  readonly variable: Variable;
  readonly option: string;
}

/** Providers that are not in the box: their packages are large, or speak HTTP by themselves. */
export const PACKAGED: readonly PackagedProvider[] = [
  {
    ...{ name: 'mistral', title: 'Mistral', package: '@langchain/mistralai', exported: 'ChatMistralAI' },
    ...{ variable: 'MISTRAL_API_KEY', option: 'apiKey' },
  },
  {
    ...{ name: 'groq', title: 'Groq', package: '@langchain/groq', exported: 'ChatGroq' },
    ...{ variable: 'GROQ_API_KEY', option: 'apiKey' },
  },
  {
    ...{
      name: 'bedrock',
      title: 'Amazon Bedrock',
      package: '@langchain/aws',
      exported: 'ChatBedrockConverse',
    },
    ...{ variable: 'AWS_REGION', option: 'region' },
  },
];

const require = createRequire(import.meta.url);

/** A provider by its LangChain package, when that is installed. Such a package does not pass the egress guard. */
export class PackageProvider implements ModelProvider {
  readonly name: string;
  readonly generatedBy = 'llm';
  readonly description: string;
  readonly capabilities = { ...LLM_CAPABILITIES, structuredOutput: false };
  readonly setUp: { readonly key: string };
  private readonly load: () => Promise<Record<string, unknown>>;

  constructor(
    private readonly provider: PackagedProvider,
    private readonly env: Pick<Env, Variable>,
    load?: () => Promise<Record<string, unknown>>,
  ) {
    this.name = provider.name;
    this.setUp = { key: provider.variable };
    this.description = `A model of ${provider.title}, by the package ${provider.package}.`;
    this.load = load ?? lazily(() => import(provider.package) as Promise<Record<string, unknown>>);
  }

  unavailable(): string | undefined {
    const { package: name, variable } = this.provider;
    if (!isInstalled(name)) return `run npm install ${name} and set ${variable}.`;
    return this.env[variable] === undefined ? `set ${variable}.` : undefined;
  }

  async open(
    model: string,
    { temperature, maxOutputTokens: maxTokens }: ModelUse = {},
  ): Promise<BaseChatModel> {
    const { package: name, exported, option, variable } = this.provider;
    const Model = (await this.load())[exported];
    if (typeof Model !== 'function') {
      throw ModelErrors.model_not_available(`${name} has no ${exported}: install a version for LangChain 1.`);
    }
    const options = { model, maxRetries: 0, temperature, maxTokens, [option]: this.env[variable] };
    return Reflect.construct(Model, [options]) as BaseChatModel;
  }
}

function isInstalled(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}
