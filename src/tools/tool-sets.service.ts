import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.service.js';
import { type Actor } from '../common/actor.js';
import { type Transaction } from '../platform/database/transactions.js';
import { canonicalHash } from './schema/canonical-json.js';
import { ContractCheck } from './schema/contract-check.service.js';
import { type OfferedTool } from './sources/tool-source.js';
import {
  type Followed,
  type HashedOffer,
  type SetOffers,
  type SetReport,
  ToolSetsRepository,
} from './tool-sets.repository.js';
import { type ToolContract } from './tool-version.entity.js';
import { type ToolSet } from './tool.js';

/** Tools of one list; the rest is refused. */
const MAX_TOOLS = 2_000;
/** Names in one audit entry. */
const MAX_NAMED = 50;

export interface FollowOptions {
  /** Who asked; nobody when it is the server's own look. */
  readonly actor?: Actor;
  readonly markVanished: boolean;
}

/** Lists of tools: checks what they offer, makes the registry follow, and keeps the audit of it. */
@Injectable()
export class ToolSets {
  constructor(
    private readonly repository: ToolSetsRepository,
    private readonly contracts: ContractCheck,
    private readonly audit: AuditLog,
  ) {}

  /** See ToolRegistry.followSet. Also gives the version of each taken tool. */
  async follow(
    set: ToolSet,
    offered: readonly OfferedTool[],
    { actor, markVanished }: FollowOptions,
  ): Promise<Followed> {
    const { offers, refused } = await this.check(set, offered, markVanished);
    const record = (followed: Followed, tx: Transaction) => this.record(set, followed, actor, tx);
    const result = await this.repository.follow(set, offers, record);
    result.report.refused.push(...refused);
    return result;
  }

  /** See ToolRegistry.previewSet. */
  async preview(set: ToolSet, offered: readonly OfferedTool[]): Promise<SetReport> {
    const { offers, refused } = await this.check(set, offered, true);
    const report = await this.repository.preview(set, offers);
    report.refused.push(...refused);
    return report;
  }

  private async check(
    set: ToolSet,
    offered: readonly OfferedTool[],
    markVanished: boolean,
  ): Promise<{ offers: SetOffers; refused: SetReport['refused'] }> {
    const taken = new Map<string, HashedOffer>();
    const refused: SetReport['refused'] = [];
    const known = await this.repository.hashes(set);
    for (const tool of offered) {
      const { name } = tool.contract;
      const problem = taken.has(name)
        ? 'is on the list twice; the first one is taken'
        : taken.size >= MAX_TOOLS
          ? `the list has more than ${MAX_TOOLS} tools`
          : undefined;
      const offer = problem ?? (await this.take(set, tool, known));
      if (typeof offer === 'string') refused.push({ name, message: offer });
      else taken.set(name, offer);
    }
    const names = new Set(refused.map(({ name }) => name).filter((name) => !taken.has(name)));
    return { offers: { offered: taken, refused: names, markVanished }, refused };
  }

  setState(set: ToolSet, state: 'active' | 'unavailable'): Promise<number> {
    return this.repository.setState(set, state);
  }

  async remove(set: ToolSet, actor?: Actor): Promise<void> {
    const removed = await this.repository.remove(set);
    if (removed === 0) return;
    const target = { type: 'tool_set', id: `${set.kind}:${set.id}` };
    await this.audit.record(actor ?? null, 'tool_set.removed', target, { tools: removed });
  }

  /** A tool that may enter the registry, or why not. What is there already was checked when it came. */
  private async take(
    { trust }: ToolSet,
    tool: OfferedTool,
    known: ReadonlySet<string>,
  ): Promise<HashedOffer | string> {
    const { contract, source } = tool;
    let hash: string;
    try {
      hash = definitionHash(trust, contract, source);
    } catch {
      return 'the definition is not valid JSON';
    }
    const problem = known.has(hash) ? undefined : await this.contracts.problemOf(contract, trust);
    return problem ?? { tool, hash };
  }

  private async record(
    set: ToolSet,
    { report, versions }: Followed,
    actor: Actor | undefined,
    tx: Transaction,
  ): Promise<void> {
    const list = `${set.kind}:${set.id}`;
    for (const name of report.quarantined.slice(0, MAX_NAMED))
      await this.audit.record(
        actor ?? null,
        'tool.quarantined',
        { type: 'tool', id: name },
        // The version that waits; none when what is offered cannot be taken.
        {
          list,
          why: report.added.includes(name) ? 'added' : 'changed',
          version: versions.get(name) ?? null,
        },
        tx,
      );
    // What is refused is refused at each look again, which is no change.
    const { added, changed, vanished, renamed } = report;
    if (set.trust === 'code' || added.length + changed.length + vanished.length === 0) return;
    const details = {
      added: added.slice(0, MAX_NAMED),
      changed: changed.slice(0, MAX_NAMED),
      vanished: vanished.slice(0, MAX_NAMED),
      renamed: renamed.slice(0, MAX_NAMED),
    };
    await this.audit.record(actor ?? null, 'tool_set.changed', { type: 'tool_set', id: list }, details, tx);
  }
}

/**
 * What pins a definition: SHA-256 over the canonical JSON of what it says about itself and, unless it is code, of where
 * its calls go. [S63]
 */
export function definitionHash(
  trust: ToolSet['trust'],
  contract: ToolContract,
  source: Readonly<Record<string, unknown>>,
): string {
  return canonicalHash(trust === 'code' ? contract : { ...contract, source });
}
