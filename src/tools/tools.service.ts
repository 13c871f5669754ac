import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.service.js';
import { requireScopes } from '../common/access.js';
import { type Actor } from '../common/actor.js';
import { type Page } from '../common/page.js';
import { Cursors } from '../platform/secrets/cursors.js';
import { type SourceProblem } from './sources/tool-source.js';
import { decide, type ToolCaller } from './tool-access.js';
import { type ToolCallRow } from './tool-call.entity.js';
import { ToolCallsRepository } from './tool-calls.repository.js';
import { ToolRegistry } from './tool-registry.service.js';
import { ToolSearch } from './tool-search.service.js';
import { type ToolCallQuery } from './tool-calls.dto.js';
import { type ToolQuery } from './tools.dto.js';
import { ToolErrors } from './tools.errors.js';
import { type ToolDefinition } from './tool.js';

/** The registry of tools as a caller may see and change it. Calls go through ToolExecutor. */
@Injectable()
export class ToolsService {
  constructor(
    private readonly registry: ToolRegistry,
    private readonly search: ToolSearch,
    private readonly calls: ToolCallsRepository,
    private readonly cursors: Cursors,
    private readonly audit: AuditLog,
  ) {}

  /** Every tool that the caller, or an agent in his name, may call now; by name. What MCP and agents offer. */
  async visible(
    actor: Actor,
    agent?: string,
    agentTools?: readonly string[],
  ): Promise<readonly ToolDefinition[]> {
    return (await this.registry.all())
      .map((tool) => tool.definition)
      .filter((tool) => decide(tool, actor, agent, agentTools).refusal === undefined);
  }

  /** A page of the tools that the caller may know of, also disabled ones. */
  async list(actor: Actor, query: ToolQuery): Promise<Page<ToolDefinition>> {
    requireScopes(actor, 'tools:read');
    const list = `tools\n${actor.userId}\n${query.q ?? ''}\n${query.kind ?? ''}\n${query.enabled ?? ''}`;
    const after = this.cursors.read(list, query.cursor);
    const wanted = (tool: ToolDefinition) =>
      decide(tool, actor).visible &&
      (query.kind === undefined || tool.kind === query.kind) &&
      (query.enabled === undefined || String(tool.enabled) === query.enabled);
    const rows = query.q?.trim()
      ? await this.search.find(query.q, wanted)
      : (await this.registry.all())
          .filter(({ definition }) => wanted(definition))
          .map(({ definition }) => ({ tool: definition, key: definition.name }));
    const rest = after === undefined ? rows : rows.filter(({ key }) => key > after);
    const page = this.cursors.page(list, rest.slice(0, query.limit + 1), query.limit, ({ key }) => key);
    return { ...page, items: page.items.map(({ tool }) => tool) };
  }

  /** The tools that fit a text best, of those that the caller, or an agent in his name, may call now. */
  async searchCallable({ actor, agent, agentTools }: ToolCaller, text: string, limit: number) {
    requireScopes(actor, 'tools:call');
    const found = await this.search.find(
      text,
      (tool) => decide(tool, actor, agent, agentTools).refusal === undefined,
      { loose: true },
    );
    return found.slice(0, limit).map(({ tool }) => tool);
  }

  /** A tool that the caller may call now, or undefined. */
  async callable(actor: Actor, name: string): Promise<ToolDefinition | undefined> {
    const tool = (await this.registry.find(name))?.definition;
    return tool !== undefined && decide(tool, actor).refusal === undefined ? tool : undefined;
  }

  /** Throws `tool_not_found`, also for a tool that the caller may not know of. */
  async get(actor: Actor, name: string): Promise<ToolDefinition> {
    requireScopes(actor, 'tools:read');
    const tool = await this.registry.find(name);
    if (tool === undefined || !decide(tool.definition, actor).visible) throw ToolErrors.tool_not_found();
    return tool.definition;
  }

  /** Reads the extensions again, here and soon on every instance. */
  async reload(actor: Actor): Promise<{ tools: number; problems: readonly SourceProblem[] }> {
    requireScopes(actor, 'tools:manage');
    const problems = await this.registry.reload();
    await this.audit.record(
      actor,
      'tools.reloaded',
      { type: 'tools', id: 'all' },
      { skipped: problems.length },
    );
    const tools = await this.registry.all();
    return { tools: tools.filter((tool) => tool.definition.state === 'active').length, problems };
  }

  /** Records of calls, newest first: the caller's own, for an admin everyone's. */
  async listCalls(actor: Actor, query: ToolCallQuery): Promise<Page<ToolCallRow>> {
    requireScopes(actor, 'tools:read');
    const userId = actor.scopes.has('admin') ? undefined : actor.userId;
    const { tool, status } = query;
    const list = `tool-calls\n${userId ?? '*'}\n${tool ?? ''}\n${status ?? ''}`;
    const before = this.cursors.read(list, query.cursor);
    const rows = await this.calls.list({ userId, tool, status }, before, query.limit + 1);
    return this.cursors.page(list, rows, query.limit, (row) => row.id);
  }
}
