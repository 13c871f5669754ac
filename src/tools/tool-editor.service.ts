import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.service.js';
import { requireScopes } from '../common/access.js';
import { type Actor } from '../common/actor.js';
import { Idempotency, type OnceAnswer } from '../platform/idempotency/idempotency.js';
import { type Transaction } from '../platform/database/transactions.js';
import { ContractCheck } from './schema/contract-check.service.js';
import { defaultAccess, defaultPolicy } from './tool-defaults.js';
import { type Definition, ToolEditsRepository } from './tool-edits.repository.js';
import { ToolRegistry } from './tool-registry.service.js';
import { definitionHash } from './tool-sets.service.js';
import { type ToolContract } from './tool-version.entity.js';
import { type ToolRow } from './tool.entity.js';
import { type NewTool, type ToolUpdate } from './tools.dto.js';
import { ToolErrors } from './tools.errors.js';
import { type ToolDefinition, type ToolKind } from './tool.js';

/** A definition that was checked against the tool as it was then. */
interface Draft {
  readonly definition: Definition;
  readonly basedOn: string;
}

/** Tools that an admin makes by hand, and what he decides about any tool. */
@Injectable()
export class ToolEditor {
  constructor(
    private readonly registry: ToolRegistry,
    private readonly edits: ToolEditsRepository,
    private readonly contracts: ContractCheck,
    private readonly idempotency: Idempotency,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Makes a tool. Throws `tool_exists`, `tool_kind_not_made_by_hand`, `invalid_tool_source`, `invalid_tool_schema`,
   * `suspicious_text`.
   */
  async create(actor: Actor, key: string | undefined, body: NewTool): Promise<OnceAnswer<ToolDefinition>> {
    requireScopes(actor, 'tools:manage');
    const definition = await this.define(body.kind, contractOf(body), body.source);
    const request = { key, route: 'POST /tools', body };
    const answer = await this.idempotency.once(actor, request, async (tx) => ({
      status: 201,
      body: await this.insert(actor, body, definition, tx),
    }));
    this.registry.forget();
    return answer;
  }

  /**
   * Changes a tool. What it says about itself and its source become a new version, which only tools made by hand have
   * (`tool_definition_read_only`); policy, access, scopes and `enabled` change at once, here immediately and within
   * about a second everywhere. Throws as `create`, and `tool_changed_meanwhile`.
   */
  async update(actor: Actor, name: string, update: ToolUpdate): Promise<ToolDefinition> {
    requireScopes(actor, 'tools:manage');
    const draft = await this.draft(name, update);
    await this.edits.change(name, async (row, tx) => {
      if (row === null) throw ToolErrors.tool_not_found();
      await this.edits.update(name, settingsOf(row, update), tx);
      if (draft !== undefined) await this.useDraft(name, row, draft, tx);
      const changed = Object.keys(update).join(' ');
      await this.audit.record(actor, 'tool.changed', { type: 'tool', id: name }, { changed }, tx);
    });
    this.registry.forget();
    return this.registry.get(name);
  }

  /** Deletes a tool that was made by hand, with its versions. Throws `tool_not_made_by_hand`. */
  async remove(actor: Actor, name: string): Promise<void> {
    requireScopes(actor, 'tools:manage');
    await this.edits.change(name, async (row, tx) => {
      if (row === null) throw ToolErrors.tool_not_found();
      if (row.setId !== null) throw ToolErrors.tool_not_made_by_hand();
      await this.edits.remove(name, tx);
      const details = { kind: row.kind, version: row.version };
      await this.audit.record(actor, 'tool.deleted', { type: 'tool', id: name }, details, tx);
    });
    this.registry.forget();
  }

  /** The definition that a draft would have, checked by the registry and its source. Writes nothing. */
  async define(kind: ToolKind, contract: ToolContract, given: unknown): Promise<Definition> {
    const tools = this.registry.sourceOf(kind);
    if (tools?.checkSource === undefined)
      throw ToolErrors.tool_kind_not_made_by_hand(
        `Tools of kind "${kind}" are not made one by one; GET /api/docs tells where they come from.`,
      );
    await this.contracts.check(contract, 'admin');
    const source = await tools.checkSource(given, contract);
    if (contract.outputSchema !== undefined || tools.describeOutput === undefined)
      return { contract, source, hash: definitionHash('admin', contract, source) };
    const described = { ...contract, outputSchema: await tools.describeOutput(source) };
    await this.contracts.check(described, 'admin');
    return { contract: described, source, hash: definitionHash('admin', described, source) };
  }

  private async insert(
    actor: Actor,
    body: NewTool,
    definition: Definition,
    tx: Transaction,
  ): Promise<ToolDefinition> {
    const { kind, enabled, requiredScopes } = body;
    const { contract, source, hash } = definition;
    const policy = { ...defaultPolicy(kind, contract.annotations), ...body.policy };
    const access = { ...defaultAccess(contract.annotations), ...body.access };
    const row = { kind, policy, access, requiredScopes, enabled };
    if (!(await this.edits.insert(row, definition, tx)))
      throw ToolErrors.tool_exists(`There is a tool "${contract.name}" already; choose another name.`);
    const details = { kind, hash };
    await this.audit.record(actor, 'tool.created', { type: 'tool', id: contract.name }, details, tx);
    return { ...contract, ...row, source, version: 1, definitionHash: hash, state: 'active' };
  }

  private async draft(name: string, update: ToolUpdate): Promise<Draft | undefined> {
    const { policy: _p, access: _a, requiredScopes: _r, enabled: _e, source, ...texts } = update;
    if (source === undefined && Object.values(texts).every((value) => value === undefined)) return undefined;
    const tool = await this.registry.find(name);
    if (tool === undefined) throw ToolErrors.tool_not_found();
    if (tool.set !== null) throw ToolErrors.tool_definition_read_only();
    const { definition } = tool;
    // A new query has new columns.
    const isDescribed = source !== undefined && tool.source?.describeOutput !== undefined;
    const known = isDescribed ? undefined : definition.outputSchema;
    const outputSchema = texts.outputSchema === undefined ? known : texts.outputSchema;
    const contract = contractOf({ ...definition, ...texts, outputSchema: outputSchema ?? undefined });
    return {
      definition: await this.define(definition.kind, contract, source ?? definition.source),
      basedOn: definition.definitionHash,
    };
  }

  private async useDraft(name: string, row: ToolRow, draft: Draft, tx: Transaction): Promise<void> {
    const current = await this.edits.version(name, row.version, tx);
    if (current?.hash !== draft.basedOn) throw ToolErrors.tool_changed_meanwhile();
    await this.edits.use(name, draft.definition, tx);
  }
}

/** What a tool says about itself, of a body or a definition. */
export function contractOf(
  tool: Omit<ToolContract, 'title' | 'outputSchema'> & {
    readonly title?: string | undefined;
    readonly outputSchema?: ToolContract['outputSchema'] | undefined;
  },
): ToolContract {
  const { name, title = name, description, inputSchema, outputSchema, annotations } = tool;
  return { name, title, description, inputSchema, ...(outputSchema && { outputSchema }), annotations };
}

/** The new settings of a row: members that are missing stay as they are. */
function settingsOf(row: ToolRow, { enabled, policy, access, requiredScopes }: ToolUpdate): Partial<ToolRow> {
  return {
    ...(enabled !== undefined && { enabled }),
    ...(policy !== undefined && { policy: { ...row.policy, ...policy } }),
    ...(access !== undefined && { access: { ...row.access, ...access } }),
    ...(requiredScopes !== undefined && { requiredScopes }),
  };
}
