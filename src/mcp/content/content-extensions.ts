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

/** The default export of a `*.prompt.mjs`, or one of its list. */
interface PromptExtension extends PromptListing {
  run(args: Readonly<Record<string, string>>, exchange: Exchange): Promise<PromptResult> | PromptResult;
}

/** The default export of a `*.resource.mjs`, or one of its list: a `uri`, or a `uriTemplate` with variables. */
interface ResourceExtension extends Partial<ResourceListing>, Partial<ResourceTemplate> {
  readonly name: string;
  read(
    uri: string,
    variables: Readonly<Record<string, string>>,
    context: Pick<Exchange, 'actor'>,
  ): Promise<Omit<ResourceContents, 'uri'>> | Omit<ResourceContents, 'uri'>;
}

/**
 * Prompts and resources of the operator's own, from `*.prompt.mjs` and `*.resource.mjs` in EXTENSIONS_DIR: his code, in
 * this process, for every caller. A file that cannot be loaded is reported and left out.
 */
@Injectable()
export class ContentExtensions implements OnModuleInit {
  private readonly log = new Logger('Extensions');
  private promptList: readonly PromptExtension[] = [];
  private resourceList: readonly ResourceExtension[] = [];

  constructor(@Inject(ENV) private readonly env: Env) {}

  async onModuleInit(): Promise<void> {
    const folder = path.resolve(this.env.EXTENSIONS_DIR);
    const files = (await readdir(folder).catch(() => [])).sort();
    this.promptList = await this.load<PromptExtension>(folder, files, '.prompt.mjs', 'run');
    this.resourceList = await this.load<ResourceExtension>(folder, files, '.resource.mjs', 'read');
  }

  readonly prompts: PromptSource = {
    list: async () => this.promptList.map(({ run: _, ...listing }) => listing),
    get: async (name, args, exchange) =>
      this.promptList.find((prompt) => prompt.name === name)?.run(args, exchange),
  };

  readonly resources: ResourceSource = {
    templates: () =>
      this.resourceList.flatMap(({ name, title, description, mimeType, uriTemplate }) =>
        uriTemplate === undefined ? [] : [{ name, title, description, mimeType, uriTemplate }],
      ),
    list: async () =>
      this.resourceList.flatMap(({ name, title, description, mimeType, uri }) =>
        uri === undefined ? [] : [{ name, title, description, mimeType, uri }],
      ),
    read: async (actor, uri) => {
      for (const resource of this.resourceList) {
        const variables = resource.uri === uri ? {} : matchTemplate(resource.uriTemplate, uri);
        if (variables === undefined) continue;
        return [{ uri, mimeType: resource.mimeType, ...(await resource.read(uri, variables, { actor })) }];
      }
      return undefined;
    },
  };

  private async load<T extends { readonly name: string }>(
    folder: string,
    files: readonly string[],
    suffix: string,
    method: string,
  ): Promise<readonly T[]> {
    const loaded: T[] = [];
    for (const file of files.filter((name) => name.endsWith(suffix))) {
      try {
        const module = (await import(pathToFileURL(path.join(folder, file)).href)) as { default?: unknown };
        for (const item of [module.default].flat() as (Record<string, unknown> | undefined)[]) {
          if (typeof item?.name !== 'string' || typeof item[method] !== 'function')
            throw new Error(`its default export must have a name and a function ${method}()`);
          loaded.push(item as unknown as T);
        }
      } catch (error) {
        this.log.error(`${file} was left out: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return loaded;
  }
}

/** The variables of a URI that fits a template of simple `{variable}` parts (RFC 6570 level 1), or undefined. */
export function matchTemplate(
  template: string | undefined,
  uri: string,
): Readonly<Record<string, string>> | undefined {
  if (template === undefined) return undefined;
  const names: string[] = [];
  const pattern = template
    .split(/(\{[A-Za-z0-9_]+\})/)
    .map((part) => {
      if (!part.startsWith('{')) return part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
      names.push(part.slice(1, -1));
      return '([^/?#]+)';
    })
    .join('');
  const match = new RegExp(`^${pattern}$`).exec(uri);
  return match ? Object.fromEntries(names.map((name, index) => [name, match[index + 1] ?? ''])) : undefined;
}
