import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import {
  type EntityManager,
  IsNull,
  type QueryDeepPartialEntity,
  Repository,
  type SelectQueryBuilder,
} from 'typeorm';
import { newId } from '../common/ids.js';
import { ADVISORY_LOCKS } from '../platform/database/advisory-locks.js';
import { SharedStatement } from '../platform/database/shared-statement.js';
import { type Transaction } from '../platform/database/transactions.js';
import { AgentRow, AgentVersionRow } from './agent.entity.js';
import { type AgentOrigin, type AgentSpec } from './agent.js';
import { specHash } from './agent-spec.schema.js';

/** An agent with the version that is in use. */
export type StoredAgent = AgentRow & { current: Pick<AgentVersionRow, 'definition'> };

/** A name, and who asks for it: null is nobody's. */
interface Asked {
  readonly userId: string | null;
  readonly name: string;
}

@Injectable()
export class AgentsRepository {
  private readonly finder = new SharedStatement<Asked, StoredAgent | undefined>({
    maxBatch: 100,
    run: (asked) => this.findAll(asked),
  });

  constructor(@InjectRepository(AgentRow) private readonly agents: Repository<AgentRow>) {}

  /** Lets one writer at a time through until the transaction ends. */
  async lockWrites(tx: Transaction): Promise<void> {
    await tx.query('select pg_advisory_xact_lock($1)', [ADVISORY_LOCKS.agentWrites]);
  }

  /** Agents that `userId` sees by these names: his own before a shared one. Null sees only shared ones. */
  async findVisible(
    userId: string | null,
    names: readonly string[],
    tx?: Transaction,
  ): Promise<StoredAgent[]> {
    const asked = [...new Set(names)].map((name) => ({ userId, name }));
    const found = tx
      ? await this.findAll(asked, tx)
      : await Promise.all(asked.map((one) => this.finder.join(one)));
    return found.filter((agent) => agent !== undefined);
  }

  /** Read by every run, so without the query builder. */
  private async findAll(asked: readonly Asked[], tx?: Transaction): Promise<(StoredAgent | undefined)[]> {
    const rows = await this.manager(tx).query<(StoredAgent & { n: number })[]>(
      `select distinct on (asked.n) asked.n::int, a.id, a.name, a.owner_id as "ownerId", a.origin, a.version,
              a.created_at as "createdAt", a.updated_at as "updatedAt", a.deleted_at as "deletedAt",
              jsonb_build_object('definition', v.definition) as current
         from unnest($1::uuid[], $2::text[]) with ordinality as asked(user_id, name, n)
         join agents a on a.name = asked.name and a.deleted_at is null
              and (a.owner_id is null or a.owner_id = asked.user_id)
         join agent_versions v on v.agent_id = a.id and v.version = a.version
        order by asked.n, a.owner_id nulls last`,
      [asked.map((one) => one.userId), asked.map((one) => one.name)],
    );
    return asked.map((_, at) => rows.find(({ n }) => n === at + 1));
  }

  /** One page of the agents that a user sees, newest first. */
  listVisible(userId: string, limit: number, before?: string): Promise<StoredAgent[]> {
    const query = this.visible(userId).orderBy('agent.id', 'DESC').take(limit);
    if (before !== undefined) query.andWhere('agent.id < :before', { before });
    return query.getMany() as Promise<StoredAgent[]>;
  }

  /** Every shared agent, by name. */
  listShared(take: number): Promise<StoredAgent[]> {
    return this.visible(null).orderBy('agent.name').take(take).getMany() as Promise<StoredAgent[]>;
  }

  /** Changes whenever a shared agent does. */
  async sharedMark(): Promise<string> {
    const [row] = await this.manager().query<{ mark: string }[]>(
      'select concat(count(*), $1::text, max(updated_at), $1::text, sum(version)) as mark from agents where owner_id is null and deleted_at is null',
      ['/'],
    );
    return row?.mark ?? '';
  }

  /** The shared agent of this name, also a deleted one. */
  findShared(name: string, tx?: Transaction): Promise<AgentRow | null> {
    return this.manager(tx).findOneBy(AgentRow, { name, ownerId: IsNull() });
  }

  findByOrigin(origin: AgentOrigin, tx: Transaction): Promise<AgentRow[]> {
    return tx.findBy(AgentRow, { origin });
  }

  countOwned(userId: string, tx: Transaction): Promise<number> {
    return tx.countBy(AgentRow, { ownerId: userId });
  }

  /** A visible agent that lists `name` in its subAgents. */
  async findUserOf(userId: string, name: string, tx: Transaction): Promise<StoredAgent | null> {
    const query = this.visible(userId, tx).andWhere(`version.definition -> 'subAgents' @> :names::jsonb`, {
      names: JSON.stringify([name]),
    });
    return (await query.getOne()) as StoredAgent | null;
  }

  /** Newest first, `before` a version. */
  versions(agentId: string, limit: number, before?: number): Promise<AgentVersionRow[]> {
    const query = this.manager()
      .createQueryBuilder(AgentVersionRow, 'version')
      .where('version.agentId = :agentId', { agentId })
      .orderBy('version.version', 'DESC')
      .take(limit);
    if (before !== undefined) query.andWhere('version.version < :before', { before });
    return query.getMany();
  }

  newestVersion(agentId: string, origin: AgentOrigin, tx: Transaction): Promise<AgentVersionRow | null> {
    return tx.findOne(AgentVersionRow, { where: { agentId, origin }, order: { version: 'DESC' } });
  }

  async insert(
    spec: AgentSpec,
    by: { ownerId: string | null; origin: AgentOrigin; createdBy: string | null },
    tx: Transaction,
  ): Promise<void> {
    const id = newId();
    await tx.insert(AgentRow, { id, name: spec.name, ownerId: by.ownerId, origin: by.origin, version: 1 });
    await this.insertVersion(id, 1, spec, by, tx);
  }

  /** Adds a version after the newest one; `use` makes it the one in use. */
  async addVersion(
    agentId: string,
    spec: AgentSpec,
    by: { origin: AgentOrigin; createdBy: string | null; use: boolean },
    tx: Transaction,
  ): Promise<void> {
    const version = ((await tx.maximum(AgentVersionRow, 'version', { agentId })) ?? 0) + 1;
    await this.insertVersion(agentId, version, spec, by, tx);
    if (by.use) await tx.update(AgentRow, { id: agentId }, { version, deletedAt: null });
  }

  version(agentId: string, version: number, tx: Transaction): Promise<AgentVersionRow | null> {
    return tx.findOneBy(AgentVersionRow, { agentId, version });
  }

  async useVersion(agentId: string, version: number, tx: Transaction): Promise<void> {
    await tx.update(AgentRow, { id: agentId }, { version });
  }

  async setDeleted(agentId: string, deletedAt: Date | null, tx: Transaction): Promise<void> {
    await tx.update(AgentRow, { id: agentId }, { deletedAt });
  }

  async remove(agentId: string, tx: Transaction): Promise<void> {
    await tx.delete(AgentRow, { id: agentId });
  }

  private async insertVersion(
    agentId: string,
    version: number,
    definition: AgentSpec,
    by: { origin: AgentOrigin; createdBy: string | null },
    tx: Transaction,
  ): Promise<void> {
    const row = {
      agentId,
      version,
      origin: by.origin,
      definition,
      hash: specHash(definition),
      createdBy: by.createdBy,
    };
    await tx
      .createQueryBuilder()
      .insert()
      .into(AgentVersionRow)
      .values(row as QueryDeepPartialEntity<AgentVersionRow>)
      .execute();
  }

  private visible(userId: string | null, tx?: Transaction): SelectQueryBuilder<AgentRow> {
    return this.manager(tx)
      .createQueryBuilder(AgentRow, 'agent')
      .innerJoinAndMapOne(
        'agent.current',
        AgentVersionRow,
        'version',
        'version.agentId = agent.id and version.version = agent.version',
      )
      .where('agent.deletedAt is null')
      .andWhere('(agent.ownerId is null or agent.ownerId = :userId)', { userId });
  }

  private manager(tx?: Transaction): EntityManager {
    return tx ?? this.agents.manager;
  }
}
