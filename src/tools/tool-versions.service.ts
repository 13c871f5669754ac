import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.service.js';
import { requireScopes } from '../common/access.js';
import { type Actor } from '../common/actor.js';
import { type Page } from '../common/page.js';
import { Cursors } from '../platform/secrets/cursors.js';
import { diff, type DefinitionChange } from './schema/definition-diff.js';
import { ToolEditsRepository } from './tool-edits.repository.js';
import { ToolRegistry } from './tool-registry.service.js';
import { type ToolVersion } from './tool-version.entity.js';
import { type ToolRow } from './tool.entity.js';
import { ToolErrors } from './tools.errors.js';
import { ToolsService } from './tools.service.js';
import { type ToolDefinition } from './tool.js';

/** What leads from one version of a tool to another. */
export interface VersionDiff {
  readonly tool: string;
  readonly version: number;
  readonly against: number;
  readonly changes: readonly DefinitionChange[];
}

/** The versions of a tool's definition: what changed, what waits for approval, and the way back. [S63] */
@Injectable()
export class ToolVersions {
  constructor(
    private readonly tools: ToolsService,
    private readonly registry: ToolRegistry,
    private readonly edits: ToolEditsRepository,
    private readonly cursors: Cursors,
    private readonly audit: AuditLog,
  ) {}

  /** Versions of the definition, newest first: `current` is in use, `offered` is what its list offers now. */
  async list(
    actor: Actor,
    name: string,
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<Page<ToolVersion & { current: boolean; offered: boolean }>> {
    const tool = await this.tools.get(actor, name);
    const offered = (await this.registry.find(name))?.offeredVersion ?? null;
    const list = `tool-versions\n${name}`;
    const before = this.cursors.read(list, page.cursor);
    const rows = await this.registry.versions(
      name,
      before === undefined ? undefined : Number(before),
      page.limit + 1,
    );
    const versions = this.cursors.page(list, rows, page.limit, (row) => String(row.version));
    const items = versions.items.map((row) => ({
      ...row,
      current: row.version === tool.version,
      offered: row.version === offered,
    }));
    return { ...versions, items };
  }

  /**
   * What changes from version `against` (default: the one in use, for that one the one before it) to `version`.
   * Throws `tool_version_not_found`.
   */
  async diff(actor: Actor, name: string, version: number, against?: number): Promise<VersionDiff> {
    const tool = await this.tools.get(actor, name);
    const base = against ?? (version === tool.version ? Math.max(1, version - 1) : tool.version);
    const [from, to] = await Promise.all([this.find(name, base), this.find(name, version)]);
    return { tool: name, version, against: base, changes: diff(comparable(from), comparable(to)) };
  }

  /**
   * Puts the version that a quarantined tool's list offers now in use. A version that was offered when somebody looked
   * and is not any more is not approved. Throws `tool_not_quarantined`, `tool_version_not_offered`.
   */
  async approve(actor: Actor, name: string, version: number): Promise<ToolDefinition> {
    requireScopes(actor, 'tools:manage');
    await this.edits.change(name, async (row, tx) => {
      if (row === null) throw ToolErrors.tool_not_found();
      const approved = await this.edits.version(name, version, tx);
      if (approved === null) throw ToolErrors.tool_version_not_found();
      if (row.state !== 'quarantined') {
        if (row.version === version) return;
        throw ToolErrors.tool_not_quarantined();
      }
      if (row.offeredVersion !== version) throw notOffered(row);
      const source = approved.source ?? row.source;
      await this.edits.update(name, { version, source, state: 'active' }, tx);
      const details = { version, hash: approved.hash, from: row.version };
      await this.audit.record(actor, 'tool.approved', { type: 'tool', id: name }, details, tx);
    });
    this.registry.forget();
    return this.registry.get(name);
  }

  /**
   * Puts an earlier version of a tool made by hand in use again, with its source. Throws `tool_definition_read_only`
   * for any other tool, `tool_version_not_found`.
   */
  async rollback(actor: Actor, name: string, version: number): Promise<ToolDefinition> {
    requireScopes(actor, 'tools:manage');
    await this.edits.change(name, async (row, tx) => {
      if (row === null) throw ToolErrors.tool_not_found();
      if (row.setId !== null) throw ToolErrors.tool_definition_read_only();
      const earlier = await this.edits.version(name, version, tx);
      if (earlier === null) throw ToolErrors.tool_version_not_found();
      if (row.version === version) return;
      await this.edits.update(name, { version, source: earlier.source ?? row.source }, tx);
      const details = { from: row.version, to: version };
      await this.audit.record(actor, 'tool.rolled_back', { type: 'tool', id: name }, details, tx);
    });
    this.registry.forget();
    return this.registry.get(name);
  }

  private async find(name: string, version: number): Promise<ToolVersion> {
    const found = await this.edits.version(name, version);
    if (found === null) throw ToolErrors.tool_version_not_found();
    return found;
  }
}

function comparable({ definition, source }: ToolVersion): unknown {
  return { ...definition, ...(source && { source }) };
}

function notOffered({ offeredVersion }: ToolRow) {
  return offeredVersion === null
    ? ToolErrors.tool_version_not_offered(
        'The tool is not offered in a form that can be served; nothing to approve.',
      )
    : ToolErrors.tool_version_not_offered(
        `Version ${offeredVersion} is offered now. Look at its diff, then approve that one.`,
      );
}
