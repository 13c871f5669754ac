import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import { type Transaction, Transactions } from '../platform/database/transactions.js';
import { canonicalJson } from './schema/canonical-json.js';
import { type OfferedTool } from './sources/tool-source.js';
import { ToolRow } from './tool.entity.js';
import { type ToolContract, ToolVersion } from './tool-version.entity.js';
import { type ToolKind } from './tool.js';

/** A tool row with the version in use. */
export interface StoredTool {
  readonly row: ToolRow;
  readonly contract: ToolContract;
  readonly hash: string;
}

export interface RegistryMark {
  readonly revision: string;
  readonly generation: string;
}

export type ToolChange = Partial<Pick<ToolRow, 'policy' | 'access' | 'enabled' | 'requiredScopes'>>;

const SYNC_LOCK = 7_214_002;

@Injectable()
export class ToolsRepository {
  constructor(
    @InjectRepository(ToolRow) private readonly tools: Repository<ToolRow>,
    @InjectRepository(ToolVersion) private readonly toolVersions: Repository<ToolVersion>,
    private readonly transactions: Transactions,
  ) {}

  /** The cheap read that says whether a snapshot is still true. */
  async mark(): Promise<RegistryMark> {
    const rows = await this.tools.query<RegistryMark[]>('select revision, generation from tool_registry');
    return rows[0] ?? { revision: '0', generation: '0' };
  }

  async raiseGeneration(): Promise<void> {
    await this.tools.query('update tool_registry set generation = generation + 1');
  }

  async all(): Promise<StoredTool[]> {
    const rows = await this.tools
      .createQueryBuilder('tool')
      .innerJoinAndMapOne(
        'tool.current',
        ToolVersion,
        'version',
        'version.tool = tool.name and version.version = tool.version',
      )
      .getMany();
    return (rows as (ToolRow & { current: ToolVersion })[]).map(({ current, ...row }) => ({
      row: row,
      contract: current.definition,
      hash: current.hash,
    }));
  }

  /** Versions of a tool, newest first. */
  versions(tool: string, before: number | undefined, take: number): Promise<ToolVersion[]> {
    const query = this.toolVersions.createQueryBuilder('version').where('version.tool = :tool', { tool });
    if (before !== undefined) query.andWhere('version.version < :before', { before });
    return query.orderBy('version.version', 'DESC').take(take).getMany();
  }

  /** Writes what an admin decided. False when there is no such tool. */
  async update(name: string, change: ToolChange): Promise<boolean> {
    const result = await this.tools.update({ name }, { ...change, updatedAt: () => 'now()' });
    return result.affected === 1;
  }

  /**
   * Makes the registry follow code: a new tool is added, a changed contract becomes a new version (or an old one
   * again), and, with `markVanished`, a tool that is no longer offered becomes unavailable. Writes only what differs.
   * Returns the version of each offered tool; one whose name another kind holds is missing from it.
   */
  async sync(
    kind: ToolKind,
    offered: ReadonlyMap<string, { readonly tool: OfferedTool; readonly hash: string }>,
    markVanished: boolean,
  ): Promise<Map<string, number>> {
    return this.transactions.run(async (transaction) => {
      await transaction.query('select pg_advisory_xact_lock($1)', [SYNC_LOCK]);
      const known = await transaction.find(ToolRow, { where: [{ kind }, { name: In([...offered.keys()]) }] });
      const byName = new Map(known.map((row) => [row.name, row]));
      const versions = new Map<string, number>();
      for (const [name, { tool, hash }] of offered) {
        const row = byName.get(name);
        if (row !== undefined && row.kind !== kind) continue;
        versions.set(name, await follow(transaction, kind, row, tool, hash));
      }
      const vanished = known.filter(
        (row) => row.kind === kind && row.state === 'active' && !offered.has(row.name),
      );
      if (markVanished && vanished.length > 0) {
        const names = vanished.map((row) => row.name);
        await transaction.update(ToolRow, { name: In(names) }, { state: 'unavailable' });
      }
      return versions;
    });
  }
}

/** Brings one tool up to date and returns its version. */
async function follow(
  transaction: Transaction,
  kind: ToolKind,
  row: ToolRow | undefined,
  { contract, source, defaults }: OfferedTool,
  hash: string,
): Promise<number> {
  const name = contract.name;
  const newVersion = (version: number) =>
    transaction.insert(ToolVersion, { tool: name, version, definition: contract as never, hash });
  if (row === undefined) {
    await transaction.insert(ToolRow, {
      name,
      kind,
      source: source as never,
      version: 1,
      policy: defaults.policy,
      access: defaults.access,
      requiredScopes: [...defaults.requiredScopes],
      enabled: defaults.enabled,
      state: 'active',
    });
    await newVersion(1);
    return 1;
  }
  const same = await transaction.findOneBy(ToolVersion, { tool: name, hash });
  const version =
    same?.version ?? ((await transaction.maximum(ToolVersion, 'version', { tool: name })) ?? 0) + 1;
  if (same === null) await newVersion(version);
  const isCurrent =
    row.version === version && row.state === 'active' && canonicalJson(row.source) === canonicalJson(source);
  if (!isCurrent)
    await transaction.update(ToolRow, { name }, { version, source: source as never, state: 'active' });
  return version;
}
