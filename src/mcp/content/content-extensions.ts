import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { ENV, type Env } from '../../config/env.js';
import {
  type Exchange,
  type PromptListing,
  type PromptResult,
  type PromptSource,
  type ResourceContents,
  type ResourceListing,
  type ResourceSource,
  type ResourceTemplate,
} from '../catalogue.types.js';
import { matchTemplate } from './uri-template.js';

const MAX_FILES = 200;

type Awaitable<T> = T | Promise<T>;

/** The default export of a `*.prompt.mjs`. */
interface PromptExtension extends PromptListing {
  run(args: Readonly<Record<string, string>>, exchange: Exchange): Awaitable<PromptResult>;
}

/** The default export of a `*.resource.mjs`: it has a `uri`, or a `uriTemplate` with `{variables}`. */
interface ResourceExtension extends Partial<ResourceListing>, Partial<ResourceTemplate> {
  readonly name: string;
  read(
    uri: string,
    variables: Readonly<Record<string, string>>,
    context: Pick<Exchange, 'actor'>,
  ): Awaitable<Omit<ResourceContents, 'uri'>>;
}

/**
 * Prompts and resources of the operator's own, from `*.prompt.mjs` and `*.resource.mjs` in EXTENSIONS_DIR: his code, in
 * this process, for every caller. Read at the start; a file that cannot be loaded is reported and left out.
 */
@Injectable()
export class ContentExtensions implements OnModuleInit {
  private readonly log = new Logger('Extensions');
  private readonly folder: string;
  private ownPrompts: readonly PromptExtension[] = [];
  private ownResources: readonly ResourceExtension[] = [];

  constructor(@Inject(ENV) env: Env) {
    this.folder = path.resolve(env.EXTENSIONS_DIR);
  }

  async onModuleInit(): Promise<void> {
    const files = (await readdir(this.folder).catch(() => [])).sort();
    this.ownPrompts = await this.load<PromptExtension>(files, '.prompt.mjs', 'run');
    this.ownResources = await this.load<ResourceExtension>(files, '.resource.mjs', 'read');
  }

  readonly prompts: PromptSource = {
    list: async () =>
      this.ownPrompts.map((prompt) => ({
        name: prompt.name,
        title: prompt.title,
        description: prompt.description,
        arguments: prompt.arguments,
      })),
    get: async (name, args, exchange) =>
      this.ownPrompts.find((prompt) => prompt.name === name)?.run(args, exchange),
  };

  readonly resources: ResourceSource = {
    templates: () =>
      this.ownResources.flatMap(({ name, title, description, mimeType, uriTemplate }) =>
        uriTemplate === undefined ? [] : [{ name, title, description, mimeType, uriTemplate }],
      ),
    list: async () =>
      this.ownResources.flatMap(({ name, title, description, mimeType, uri }) =>
        uri === undefined ? [] : [{ name, title, description, mimeType, uri }],
      ),
    read: async (actor, uri) => {
      for (const resource of this.ownResources) {
        const variables = resource.uri === uri ? {} : matchTemplate(resource.uriTemplate ?? '', uri);
        if (variables === undefined) continue;
        return [{ uri, mimeType: resource.mimeType, ...(await resource.read(uri, variables, { actor })) }];
      }
      return undefined;
    },
  };

  private async load<T>(files: readonly string[], suffix: string, method: string): Promise<readonly T[]> {
    const loaded: T[] = [];
    for (const file of files.filter((name) => name.endsWith(suffix)).slice(0, MAX_FILES)) {
      try {
        const module = (await import(pathToFileURL(path.join(this.folder, file)).href)) as {
          default?: Record<string, unknown>;
        };
        if (typeof module.default?.name !== 'string' || typeof module.default[method] !== 'function')
          throw new Error(`its default export needs a name and a function ${method}()`);
        loaded.push(module.default as T);
      } catch (error) {
        this.log.error(`${file} was left out: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return loaded;
  }
}
