import { Injectable } from '@nestjs/common';
import { type Transaction, Transactions } from '../platform/database/transactions.js';
import { type AgentSpec } from './agent.js';
import { specHash } from './agent-spec.schema.js';
import { AgentsRepository } from './agents.repository.js';
import { SEED_AGENTS } from './seed-agents.js';

/** Writes the agents that come with the program. What an admin edited or deleted stays as it is. */
@Injectable()
export class AgentSeeds {
  constructor(
    private readonly agents: AgentsRepository,
    private readonly transactions: Transactions,
  ) {}

  /** Called behind the migration lock. */
  async ensure(seeds: readonly AgentSpec[] = SEED_AGENTS): Promise<void> {
    await this.transactions.run(async (tx) => {
      await this.agents.lockWrites(tx);
      for (const seed of seeds) await this.ensureOne(seed, tx);
    });
  }

  private async ensureOne(seed: AgentSpec, tx: Transaction): Promise<void> {
    const by = { origin: 'seed' as const, createdBy: null };
    const row = await this.agents.findShared(seed.name, tx);
    if (row === null) return this.agents.insert(seed, { ...by, ownerId: null }, tx);
    if (row.origin !== 'seed') return;
    const newest = await this.agents.newestVersion(row.id, 'seed', tx);
    if (newest?.hash === specHash(seed)) return;
    // An unedited agent moves on with the release; an edited one keeps what its admin wrote.
    const unedited = row.deletedAt === null && row.version === newest?.version;
    await this.agents.addVersion(row.id, seed, { ...by, use: unedited }, tx);
  }
}
