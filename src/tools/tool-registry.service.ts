import { Injectable, Logger } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { type Actor } from '../common/actor.js';
import { canonicalHash } from './schema/canonical-json.js';
import { ExtensionReader } from './sources/extension-reader.js';
import { type OfferedTool, type SourceProblem, ToolSource } from './sources/tool-source.js';
import { type SetReport } from './tool-sets.repository.js';
import { ToolSets } from './tool-sets.service.js';
import { type StoredTool, ToolsRepository } from './tools.repository.js';
import { type ToolContract, type ToolVersion } from './tool-version.entity.js';
import { ToolErrors } from './tools.errors.js';
import { type ToolDefinition, type ToolKind, type ToolSet } from './tool.js';

/** A tool of the snapshot, with the source that runs it on this instance. */
export interface RegisteredTool {
  readonly definition: ToolDefinition;
  readonly source: ToolSource | undefined;
  /** The list that it is on; null for a tool that was made by hand. */
  readonly set: string | null;
  /** The version that its list offers now: approving another one is refused. */
  readonly offeredVersion: number | null;
}

interface Snapshot {
  readonly revision: string;
  readonly tools: ReadonlyMap<string, RegisteredTool>;
}

interface LocalTool {
  readonly contract: ToolContract;
  readonly hash: string;
  readonly version: number;
}

/** How long a snapshot is believed without a look at the registry's revision. */
const FRESH_MS = 1_000;

/**
 * The tools of this installation, held in memory and keyed by the registry's revision: a call reads no definition
 * and no permission from the database, and every instance follows a change within about a second.
 */
@Injectable()
export class ToolRegistry {
  private readonly log = new Logger('Tools');
  private snapshot?: Snapshot;
  private checkedAt = 0;
  /** Changes made by this instance, and those that the snapshot includes. */
  private changes = 0;
  private seenChanges = 0;
  private checking?: Promise<Snapshot>;
  private generation?: string;
  /** What this instance's own code defines. It wins over the stored version: during a rolling update the two differ. */
  private readonly local = new Map<ToolKind, ReadonlyMap<string, LocalTool>>();

  constructor(
    private readonly repository: ToolsRepository,
    private readonly sets: ToolSets,
    private readonly discovery: DiscoveryService,
  ) {}

  async find(name: string): Promise<RegisteredTool | undefined> {
    return (await this.current()).tools.get(name);
  }

  /** Throws `tool_not_found`. */
  async get(name: string): Promise<ToolDefinition> {
    const tool = await this.find(name);
    if (tool === undefined) throw ToolErrors.tool_not_found();
    return tool.definition;
  }

  /** Every tool, by name. */
  async all(): Promise<readonly RegisteredTool[]> {
    return [...(await this.current()).tools.values()];
  }

  /** The registry's revision: equal revisions mean equal tools. */
  async revision(): Promise<string> {
    return (await this.current()).revision;
  }

  /** Reads the tools of all sources and makes the registry follow. Called at start behind the migration lock. */
  async load(options: { readonly markVanished: boolean } = { markVanished: true }): Promise<SourceProblem[]> {
    // Read first: a reload that another instance makes meanwhile is noticed at the next look.
    const { generation } = await this.repository.mark();
    const problems: SourceProblem[] = [];
    for (const source of this.sources()) {
      problems.push(...(await source.refresh()));
      problems.push(...(await this.follow(source, options.markVanished)));
    }
    for (const reader of this.providersOf(ExtensionReader)) problems.push(...(await reader.refresh()));
    for (const problem of problems) this.log.warn({ file: problem.file }, `Skipped: ${problem.message}`);
    this.generation = generation;
    this.forget();
    return problems;
  }

  /** Loads again here, and asks every other instance to do the same. */
  async reload(): Promise<SourceProblem[]> {
    const problems = await this.load();
    await this.repository.raiseGeneration();
    this.generation = (await this.repository.mark()).generation;
    return problems;
  }

  /** Makes the registry follow what one source's code offers now, e.g. after an agent was added. */
  async follow(source: ToolSource, markVanished = true): Promise<SourceProblem[]> {
    const set: ToolSet = { kind: source.kind, id: 'code', trust: 'code' };
    const offered = await source.list();
    const { report, versions } = await this.sets.follow(set, offered, { markVanished });
    const local = new Map<string, LocalTool>();
    for (const { contract } of offered) {
      const version = versions.get(contract.name);
      if (version !== undefined)
        local.set(contract.name, { contract, hash: canonicalHash(contract), version });
    }
    this.local.set(source.kind, local);
    this.forget();
    return report.refused.map(({ name, message }) => ({ file: name, message }));
  }

  /**
   * Makes the registry follow a whole list: what is missing from `offered` becomes unavailable. Of a `remote` list a
   * changed definition, and a tool that an already known list adds, is quarantined: hidden until an admin approves it.
   * A name that another list holds, and a definition that cannot be taken, is refused with the reason.
   */
  async followSet(
    set: ToolSet,
    offered: readonly OfferedTool[],
    options: { readonly actor?: Actor } = {},
  ): Promise<SetReport> {
    const { report } = await this.sets.follow(set, offered, { ...options, markVanished: true });
    this.forget();
    return report;
  }

  /** What `followSet` would come to. */
  previewSet(set: ToolSet, offered: readonly OfferedTool[]): Promise<SetReport> {
    return this.sets.preview(set, offered);
  }

  /** Marks a list whose upstream is away (`unavailable`) or back: its last known definitions stay. */
  async setState(set: ToolSet, state: 'active' | 'unavailable'): Promise<void> {
    if ((await this.sets.setState(set, state)) > 0) this.forget();
  }

  /** Deletes the tools of a list that is gone for good. */
  async removeSet(set: ToolSet, options: { readonly actor?: Actor } = {}): Promise<void> {
    await this.sets.remove(set, options.actor);
    this.forget();
  }

  versions(name: string, before: number | undefined, take: number): Promise<ToolVersion[]> {
    return this.repository.versions(name, before, take);
  }

  /** The source of a kind; undefined when this installation has none. */
  sourceOf(kind: ToolKind): ToolSource | undefined {
    return this.sources().findLast((source) => source.kind === kind);
  }

  /** Makes the next read look at the database: call it after a committed change. */
  forget(): void {
    this.changes += 1;
    this.checking = undefined;
  }

  private async current(): Promise<Snapshot> {
    const isFresh = this.seenChanges === this.changes && Date.now() - this.checkedAt < FRESH_MS;
    if (this.snapshot !== undefined && isFresh) return this.snapshot;
    if (this.checking !== undefined) return this.checking;
    const checking = this.check().finally(() => {
      if (this.checking === checking) this.checking = undefined;
    });
    this.checking = checking;
    return checking;
  }

  private async check(): Promise<Snapshot> {
    const startedAt = Date.now();
    const changes = this.changes;
    let mark = await this.repository.mark();
    if (this.generation !== mark.generation) {
      // Another instance reloaded. What is missing here is not marked as vanished: folders may differ for a while.
      await this.load({ markVanished: false });
      mark = await this.repository.mark();
    }
    if (this.snapshot?.revision !== mark.revision) {
      const stored = await this.repository.all();
      const sources = new Map(this.sources().map((source) => [source.kind, source]));
      const tools = stored
        .map((tool) => this.register(tool, sources.get(tool.row.kind)))
        .sort((a, b) => (a.definition.name < b.definition.name ? -1 : 1));
      this.snapshot = {
        revision: mark.revision,
        tools: new Map(tools.map((tool) => [tool.definition.name, tool])),
      };
    }
    this.checkedAt = startedAt;
    this.seenChanges = changes;
    return this.snapshot;
  }

  private register({ row, contract, hash }: StoredTool, source: ToolSource | undefined): RegisteredTool {
    const inCode = row.kind === 'builtin';
    const local = this.local.get(row.kind)?.get(row.name);
    const isHere = source !== undefined && (!inCode || local !== undefined);
    return {
      source,
      set: row.setId,
      offeredVersion: row.offeredVersion,
      definition: {
        ...(inCode && local !== undefined ? local.contract : contract),
        kind: row.kind,
        source: row.source,
        policy: row.policy,
        enabled: row.enabled,
        requiredScopes: row.requiredScopes,
        access: row.access,
        version: inCode && local !== undefined ? local.version : row.version,
        definitionHash: inCode && local !== undefined ? local.hash : hash,
        state: isHere ? row.state : 'unavailable',
      },
    };
  }

  private sources(): ToolSource[] {
    return this.providersOf(ToolSource);
  }

  private providersOf<T>(type: abstract new (...args: never[]) => T): T[] {
    return this.discovery
      .getProviders()
      .map((wrapper) => wrapper.instance as unknown)
      .filter((instance): instance is T => instance instanceof type);
  }
}
