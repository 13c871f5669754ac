import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { BUILTIN_TOOLS } from '../../builtin/all.js';
import { type AnyCodeTool, CODE_TOOL, type Tool, type ToolSpec } from '../../define-tool.js';
import { ToolErrors } from '../../tools.errors.js';
import { type ToolContext, type ToolDefinition } from '../../tool.js';
import { type OfferedTool, type SourceProblem, ToolSource } from '../tool-source.js';
import { type LoadedTool, loadTool } from './code-tool.js';
import { Extensions } from './extensions.js';

/** Tools in this process: our own objects, `@CodeTool` providers of any module, and the operator's extensions. */
@Injectable()
export class CodeTools extends ToolSource {
  readonly kind = 'builtin';
  private tools: ReadonlyMap<string, LoadedTool> = new Map();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly extensions: Extensions,
  ) {
    super();
  }

  override async refresh(): Promise<readonly SourceProblem[]> {
    const own = [...BUILTIN_TOOLS, ...this.providers()].map((tool) => loadTool(tool, { type: 'code' }));
    const tools = new Map(own.map((tool) => [tool.offer.contract.name, tool]));
    const { loaded, problems } = await this.extensions.load(tools);
    for (const tool of loaded) tools.set(tool.offer.contract.name, tool);
    this.tools = tools;
    return problems;
  }

  override async list(): Promise<readonly OfferedTool[]> {
    return [...this.tools.values()].map((tool) => tool.offer);
  }

  override async run(definition: ToolDefinition, args: unknown, context: ToolContext): Promise<unknown> {
    const tool = this.tools.get(definition.name);
    if (tool === undefined) throw ToolErrors.tool_unavailable();
    return tool.run(args, context);
  }

  private providers(): AnyCodeTool[] {
    return this.discovery.getProviders({ metadataKey: CODE_TOOL }).map((wrapper) => {
      const spec = this.specOf(wrapper.metatype as object);
      const instance = wrapper.instance as Tool<never, unknown>;
      return { ...spec, run: (args, context) => instance.run(args, context) };
    });
  }

  private specOf(type: object): ToolSpec {
    return Reflect.getMetadata(CODE_TOOL, type) as ToolSpec;
  }
}
