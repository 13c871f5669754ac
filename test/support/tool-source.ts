import { Module } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { ToolSource } from '../../src/tools/sources/tool-source.js';
import { type OfferedTool } from '../../src/tools/sources/tool-source.js';
import { DEFAULT_POLICY } from '../../src/tools/tool-defaults.js';
import { type ToolContract } from '../../src/tools/tool-version.entity.js';
import { type ToolDefinition, type ToolKind } from '../../src/tools/tool.js';
import { ToolErrors } from '../../src/tools/tools.errors.js';
import { type TestApp } from './test-app.js';

/** Adds a source of `kind`, in place of the one that there is, that answers each call with the version that it was called as. */
export async function addEchoSource(server: TestApp, kind: ToolKind): Promise<void> {
  class EchoSource extends ToolSource {
    readonly kind = kind;
    async list(): Promise<readonly OfferedTool[]> {
      return [];
    }
    override async checkSource(source: unknown): Promise<Readonly<Record<string, unknown>>> {
      const { to } = source as { to?: unknown };
      if (typeof to !== 'string') throw ToolErrors.invalid_tool_source('source.to must be a text.');
      return { to };
    }
    async run(definition: ToolDefinition, args: unknown): Promise<unknown> {
      const { version, description, source } = definition;
      return { version, description, source, args };
    }
  }
  class EchoModule {}
  Module({ providers: [EchoSource] })(EchoModule);
  Reflect.defineMetadata('design:paramtypes', [], EchoSource);
  await server.app.get(LazyModuleLoader).load(() => EchoModule);
}

/** A tool as a list offers it. */
export function offer(name: string, contract: Partial<ToolContract> = {}): OfferedTool {
  return {
    contract: {
      name,
      title: name,
      description: 'Gives the text back.',
      inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
      annotations: { readOnlyHint: true },
      ...contract,
    },
    source: { tool: name },
    defaults: {
      policy: DEFAULT_POLICY,
      access: { roles: [], users: [], agents: [] },
      requiredScopes: [],
      enabled: true,
    },
  };
}
