import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import { ADVISORY_LOCKS } from '../platform/database/advisory-locks.js';
import { type Transaction, Transactions } from '../platform/database/transactions.js';
import { canonicalHash, canonicalJson } from './schema/canonical-json.js';
import { type OfferedTool } from './sources/tool-source.js';
import { ToolRow } from './tool.entity.js';
import { type ToolContract, ToolVersion } from './tool-version.entity.js';
import { type ToolSet } from './tool.js';

/** What following a list came to. Names, but for `renamed` and `refused`. */
export interface SetReport {
  readonly added: string[];
  /** A new definition is in use. */
  readonly changed: string[];
  /**
   * Hidden until an admin approves the definition that is offered now. Named again when another one is offered while it
   * waits: what was looked at is not what would be approved.
   */
  readonly quarantined: string[];
  readonly vanished: string[];
  /** A tool that vanished and one that came with the same definition but for the name. */
  readonly renamed: { readonly from: string; readonly to: string }[];
  readonly refused: { readonly name: string; readonly message: string }[];
}

/** What following a list came to, with the version that each taken offer has. */
export interface Followed {
  readonly report: SetReport;
  readonly versions: ReadonlyMap<string, number>;
}

export interface HashedOffer {
  readonly tool: OfferedTool;
  readonly hash: string;
}

export interface SetOffers {
  readonly offered: ReadonlyMap<string, HashedOffer>;
  /** Names that were offered with something that cannot be taken: never served, whatever was there before. */
  readonly refused: ReadonlySet<string>;
  readonly markVanished: boolean;
}

interface KnownVersion {
  readonly tool: string;
  readonly version: number;
  readonly hash: string;
}

const CHUNK = 500;

/** The tables of tools as lists: what a list offers, what of it is in use, and what waits for approval. */
@Injectable()
export class ToolSetsRepository {
  constructor(
    @InjectRepository(ToolRow) private readonly tools: Repository<ToolRow>,
    private readonly transactions: Transactions,
  ) {}

  /**
   * Makes the registry follow a list, in one transaction with `record` (the audit). Writes only what differs. Gives
   * the version that each taken offer has; names that another list or kind holds are in `refused`.
   */
  async follow(
    set: ToolSet,
    offers: SetOffers,
    record: (followed: Followed, transaction: Transaction) => Promise<void>,
  ): Promise<Followed> {
    return this.transactions.run(async (transaction) => {
      await transaction.query('select pg_advisory_xact_lock($1)', [ADVISORY_LOCKS.toolRegistry]);
      const follower = new Follower(transaction, set, offers);
      await follower.compare();
      await follower.write();
      const { report, versions } = follower;
      await record({ report, versions }, transaction);
      return { report, versions };
    });
  }

  /** What `follow` would come to. Writes nothing. */
  async preview(set: ToolSet, offers: SetOffers): Promise<SetReport> {
    return this.transactions.run(async (transaction) => {
      const follower = new Follower(transaction, set, offers);
      await follower.compare();
      return follower.report;
    });
  }

  /** The hashes of all definitions that a list has had. */
  async hashes({ kind, id }: ToolSet): Promise<ReadonlySet<string>> {
    const rows = await this.tools
      .createQueryBuilder('tool')
      .innerJoin(ToolVersion, 'version', 'version.tool = tool.name')
      .select('version.hash', 'hash')
      .where('tool.kind = :kind and tool.setId = :id', { kind, id })
      .getRawMany<{ hash: string }>();
    return new Set(rows.map(({ hash }) => hash));
  }

  /** Marks the tools of a list that are in use: `unavailable` keeps their definitions. Gives how many it marked. */
  async setState({ kind, id }: ToolSet, state: 'active' | 'unavailable'): Promise<number> {
    const result = await this.tools
      .createQueryBuilder()
      .update()
      .set({ state, updatedAt: () => 'now()' })
      .where('kind = :kind and set_id = :id and offered_version = version', { kind, id })
      .andWhere('state = :from', { from: state === 'active' ? 'unavailable' : 'active' })
      .execute();
    return result.affected ?? 0;
  }

  /** Deletes the tools of a list with their versions. Gives how many there were. */
  async remove({ kind, id }: ToolSet): Promise<number> {
    return (await this.tools.delete({ kind, setId: id })).affected ?? 0;
  }
}

/** One pass over what a list offers. */
class Follower {
  readonly report: SetReport = {
    added: [],
    changed: [],
    quarantined: [],
    vanished: [],
    renamed: [],
    refused: [],
  };
  readonly versions = new Map<string, number>();
  private rows = new Map<string, ToolRow>();
  private readonly known = new Map<string, KnownVersion[]>();
  private readonly changedRows: { readonly name: string; readonly next: Partial<ToolRow> }[] = [];
  private readonly newRows: Partial<ToolRow>[] = [];
  private readonly newVersions: Partial<ToolVersion>[] = [];

  constructor(
    private readonly transaction: Transaction,
    private readonly set: ToolSet,
    private readonly offers: SetOffers,
  ) {}

  /** Finds out what has to change. Writes nothing. */
  async compare(): Promise<void> {
    const { kind, id } = this.set;
    const names = [...this.offers.offered.keys()];
    const rows = await this.transaction.find(ToolRow, { where: [{ kind, setId: id }, { name: In(names) }] });
    this.rows = new Map(rows.map((row) => [row.name, row]));
    const versions = await this.transaction.find(ToolVersion, {
      select: { tool: true, version: true, hash: true },
      where: { tool: In(rows.map((row) => row.name)) },
    });
    for (const version of versions)
      this.known.set(version.tool, [...(this.known.get(version.tool) ?? []), version]);
    // Registering a list is the approval of what it holds that day; what it adds later nobody has looked at.
    const isNewList = !rows.some((row) => this.isOurs(row));
    for (const offer of this.offers.offered.values()) this.take(offer, isNewList);
    for (const row of rows) this.dropUnoffered(row);
    if (this.report.vanished.length > 0 && this.report.added.length > 0) await this.findRenamed();
  }

  async write(): Promise<void> {
    for (const { name, next } of this.changedRows)
      await this.transaction.update(ToolRow, { name }, next as never);
    for (let at = 0; at < this.newRows.length; at += CHUNK)
      await this.transaction.insert(ToolRow, this.newRows.slice(at, at + CHUNK) as never);
    for (let at = 0; at < this.newVersions.length; at += CHUNK)
      await this.transaction.insert(ToolVersion, this.newVersions.slice(at, at + CHUNK) as never);
  }

  private take({ tool, hash }: HashedOffer, isNewList: boolean): void {
    const name = tool.contract.name;
    const row = this.rows.get(name);
    if (row !== undefined && !this.isOurs(row)) {
      const message = `the name "${name}" is taken by ${ownerOf(row)}; rename one of the two`;
      this.report.refused.push({ name, message });
      return;
    }
    const known = this.known.get(name) ?? [];
    const same = known.find((version) => version.hash === hash);
    const version = same?.version ?? Math.max(0, ...known.map((each) => each.version)) + 1;
    if (same === undefined)
      this.newVersions.push({ tool: name, version, definition: tool.contract, source: tool.source, hash });
    this.versions.set(name, version);
    if (row === undefined) this.add(tool, isNewList);
    else this.update(row, tool, version);
  }

  private add({ contract, source, defaults }: OfferedTool, isNewList: boolean): void {
    const state = this.set.trust === 'remote' && !isNewList ? 'quarantined' : 'active';
    if (state === 'quarantined') this.report.quarantined.push(contract.name);
    this.report.added.push(contract.name);
    this.newRows.push({
      name: contract.name,
      kind: this.set.kind,
      setId: this.set.id,
      source,
      version: 1,
      offeredVersion: 1,
      policy: defaults.policy,
      access: defaults.access,
      requiredScopes: [...defaults.requiredScopes],
      enabled: defaults.enabled,
      state,
    });
  }

  private update(row: ToolRow, { source }: OfferedTool, version: number): void {
    const isPinned = this.set.trust === 'remote';
    const changed = row.version !== version;
    const quarantined = isPinned && (changed || row.state === 'quarantined');
    const isNews = row.state !== 'quarantined' || row.offeredVersion !== version;
    if (quarantined && isNews) this.report.quarantined.push(row.name);
    if (changed && !quarantined) this.report.changed.push(row.name);
    const next: Partial<ToolRow> = quarantined
      ? { state: 'quarantined', offeredVersion: version }
      : { state: 'active', offeredVersion: version, version, source };
    this.change(row, next);
  }

  /** What is no longer on the list, or is there with something that cannot be taken. */
  private dropUnoffered(row: ToolRow): void {
    if (!this.isOurs(row) || this.offers.offered.has(row.name)) return;
    const isRefused = this.offers.refused.has(row.name);
    if (!isRefused && !this.offers.markVanished) return;
    if (!isRefused && row.offeredVersion !== null) this.report.vanished.push(row.name);
    const hides = row.state === 'quarantined' || (isRefused && this.set.trust === 'remote');
    if (hides && row.state !== 'quarantined') this.report.quarantined.push(row.name);
    this.change(row, { state: hides ? 'quarantined' : 'unavailable', offeredVersion: null });
  }

  private change(row: ToolRow, next: Partial<ToolRow>): void {
    const differs = Object.entries(next).some(
      ([key, value]) => canonicalJson(value) !== canonicalJson(row[key as keyof ToolRow]),
    );
    if (differs) this.changedRows.push({ name: row.name, next });
  }

  private async findRenamed(): Promise<void> {
    const added = new Map<string, string>();
    for (const name of this.report.added) {
      const offer = this.offers.offered.get(name);
      if (offer !== undefined) added.set(namelessHash(offer.tool.contract), name);
    }
    const where = this.report.vanished.map((tool) => ({ tool, version: this.rows.get(tool)?.version ?? 0 }));
    for (const { tool, definition } of await this.transaction.find(ToolVersion, { where })) {
      const to = added.get(namelessHash(definition));
      if (to !== undefined) this.report.renamed.push({ from: tool, to });
    }
  }

  private isOurs(row: ToolRow): boolean {
    return row.kind === this.set.kind && row.setId === this.set.id;
  }
}

function ownerOf({ kind, setId }: ToolRow): string {
  return setId === null ? `a tool of kind ${kind}` : `a tool of kind ${kind} (${setId})`;
}

/** The hash of all but the name: equal for a tool that was only renamed. A title that repeats the name is left out. */
function namelessHash({ name, title, ...rest }: ToolContract): string {
  return canonicalHash(title === name ? rest : { ...rest, title });
}
