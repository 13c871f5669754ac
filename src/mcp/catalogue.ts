import { Inject, Injectable } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { CommonErrors } from '../common/common.errors.js';
import { Cursors } from '../platform/secrets/cursors.js';
import { type ToolDefinition } from '../tools/tool.js';
import { ToolsService } from '../tools/tools.service.js';
import {
  type CallResult,
  type CompletionTarget,
  type Exchange,
  type PromptListing,
  type PromptResult,
  type PromptSource,
  type ResourceContents,
  type ResourceListing,
  type ResourceSource,
  type ResourceTemplate,
  type ToolListing,
} from './catalogue.types.js';
import { RpcError } from './rpc-error.js';
import { LIST_PAGE } from './server-info.js';
import { McpToolCalls } from './tool-calls.service.js';

export const RESOURCE_SOURCES = Symbol('RESOURCE_SOURCES');
export const PROMPT_SOURCES = Symbol('PROMPT_SOURCES');

const MAX_COMPLETIONS = 100;

interface ListPage<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string;
}

/** What this server offers to one caller over MCP, whichever revision he speaks. Knows no SDK. */
@Injectable()
export class McpCatalogue {
  constructor(
    private readonly tools: ToolsService,
    private readonly calls: McpToolCalls,
    private readonly cursors: Cursors,
    @Inject(RESOURCE_SOURCES) private readonly resourceSources: readonly ResourceSource[],
    @Inject(PROMPT_SOURCES) private readonly promptSources: readonly PromptSource[],
  ) {}

  /** The tools that the actor may call, by name. Without the scope to read or call them there are none. */
  async listTools(actor: Actor, cursor?: string): Promise<ListPage<ToolListing>> {
    const tools = await this.visibleTools(actor);
    return this.page(`tools\n${actor.userId}`, tools.map(listing), (tool) => tool.name, cursor);
  }

  /** One tool of the actor's, or undefined. */
  async findTool(actor: Actor, name: string): Promise<ToolListing | undefined> {
    const tool = this.mayList(actor) ? await this.tools.callable(actor, name) : undefined;
    return tool && listing(tool);
  }

  /** Calls a tool: see McpToolCalls. */
  callTool(name: string, args: unknown, exchange: Exchange): Promise<CallResult> {
    return this.calls.call(name, args, exchange);
  }

  async listResources(actor: Actor, cursor?: string): Promise<ListPage<ResourceListing>> {
    const lists = await Promise.all(this.resourceSources.map((source) => source.list(actor)));
    return this.page(`resources\n${actor.userId}`, lists.flat(), (resource) => resource.uri, cursor);
  }

  resourceTemplates(): readonly ResourceTemplate[] {
    return this.resourceSources.flatMap((source) => source.templates());
  }

  /** The contents of a resource; undefined when the actor has none of this URI. */
  async readResource(actor: Actor, uri: string): Promise<readonly ResourceContents[] | undefined> {
    for (const source of this.resourceSources) {
      const contents = await source.read(actor, uri);
      if (contents !== undefined) return contents;
    }
    return undefined;
  }

  async listPrompts(actor: Actor, cursor?: string): Promise<ListPage<PromptListing>> {
    const lists = await Promise.all(this.promptSources.map((source) => source.list(actor)));
    return this.page(`prompts\n${actor.userId}`, lists.flat(), (prompt) => prompt.name, cursor);
  }

  async getPrompt(
    name: string,
    args: Readonly<Record<string, string>>,
    exchange: Exchange,
  ): Promise<PromptResult> {
    for (const source of this.promptSources) {
      const prompt = (await source.list(exchange.actor)).find((candidate) => candidate.name === name);
      if (prompt === undefined) continue;
      const missing = (prompt.arguments ?? []).filter((arg) => arg.required === true && !args[arg.name]);
      if (missing.length > 0)
        throw RpcError.invalidParams(`Missing argument: ${missing.map((arg) => arg.name).join(', ')}`);
      const result = await source.get(name, args, exchange);
      if (result !== undefined) return result;
    }
    throw RpcError.invalidParams(`Unknown prompt: ${name}`);
  }

  /** Values that start with what was typed, at most 100 (server/utilities/completion). */
  async complete(
    actor: Actor,
    target: CompletionTarget,
    argument: string,
    value: string,
  ): Promise<CompletionResult> {
    const lists =
      'prompt' in target
        ? this.promptSources.map(async (source) => source.complete?.(actor, target.prompt, argument, value))
        : this.resourceSources.map(async (source) =>
            source.complete?.(actor, target.template, argument, value),
          );
    const values = (await Promise.all(lists)).flatMap((list) => list ?? []);
    return {
      values: values.slice(0, MAX_COMPLETIONS),
      total: values.length,
      hasMore: values.length > MAX_COMPLETIONS,
    };
  }

  private async visibleTools(actor: Actor): Promise<readonly ToolDefinition[]> {
    return this.mayList(actor) ? this.tools.visible(actor) : [];
  }

  private mayList({ scopes }: Actor): boolean {
    return scopes.has('tools:read') && scopes.has('tools:call');
  }

  /** Pages by key, so that a list that changes between two pages repeats and loses nothing that stayed. */
  private page<T>(
    list: string,
    items: readonly T[],
    keyOf: (item: T) => string,
    cursor: string | undefined,
  ): ListPage<T> {
    const after = this.readCursor(list, cursor);
    const sorted = items.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    const rest = after === undefined ? sorted : sorted.filter((item) => keyOf(item) > after);
    const { items: page, nextCursor } = this.cursors.page(
      list,
      rest.slice(0, LIST_PAGE + 1),
      LIST_PAGE,
      keyOf,
    );
    return nextCursor === null ? { items: page } : { items: page, nextCursor };
  }

  private readCursor(list: string, cursor: string | undefined): string | undefined {
    try {
      return this.cursors.read(list, cursor);
    } catch {
      throw RpcError.invalidParams(CommonErrors.invalid_cursor().message);
    }
  }
}

export interface CompletionResult {
  readonly values: readonly string[];
  readonly total: number;
  readonly hasMore: boolean;
}

function listing(tool: ToolDefinition): ToolListing {
  const { name, title, description, inputSchema, outputSchema, annotations } = tool;
  return {
    name,
    title,
    description,
    inputSchema,
    ...(outputSchema && { outputSchema }),
    annotations: { ...annotations, title },
  };
}
