import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Inject, Injectable } from '@nestjs/common';
import { ENV, type Env } from '../../config/env.js';
import { ExtensionReader } from '../../tools/sources/extension-reader.js';
import { type SourceProblem } from '../../tools/sources/tool-source.js';
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
import { McpChanges } from '../changes.js';
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
 * this process, for every caller. Read at the start and by a reload of the tools; a file that cannot be loaded is reported
 * and left out.
 */
@Injectable()
export class ContentExtensions extends ExtensionReader {
  private readonly folder: string;
  private ownPrompts: readonly PromptExtension[] = [];
  private ownResources: readonly ResourceExtension[] = [];

  /** Part of each import's URL: Node keeps what it imported under one. */
  private loads = 0;

  constructor(
    @Inject(ENV) env: Env,
    private readonly changes: McpChanges,
  ) {
    super();
    this.folder = path.resolve(env.EXTENSIONS_DIR);
  }

  async refresh(): Promise<readonly SourceProblem[]> {
    const files = (await readdir(this.folder).catch(() => [])).sort();
    const problems: SourceProblem[] = [];
    this.loads += 1;
    this.ownPrompts = await this.load<PromptExtension>(files, '.prompt.mjs', 'run', problems);
    this.ownResources = await this.load<ResourceExtension>(files, '.resource.mjs', 'read', problems);
    if (this.loads > 1) for (const list of ['prompts', 'resources'] as const) this.changes.tell({ list });
    return problems;
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

  private async load<T>(
    files: readonly string[],
    suffix: string,
    method: string,
    problems: SourceProblem[],
  ): Promise<readonly T[]> {
    const loaded: T[] = [];
    for (const file of files.filter((name) => name.endsWith(suffix)).slice(0, MAX_FILES)) {
      try {
        const { href } = pathToFileURL(path.join(this.folder, file));
        const module = (await import(`${href}?v=${this.loads}`)) as {
          default?: Record<string, unknown>;
        };
        if (typeof module.default?.name !== 'string' || typeof module.default[method] !== 'function')
          throw new Error(`its default export needs a name and a function ${method}()`);
        loaded.push(module.default as T);
      } catch (error) {
        problems.push({ file, message: error instanceof Error ? error.message : String(error) });
      }
    }
    return loaded;
  }
}
