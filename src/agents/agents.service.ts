import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.service.js';
import { type Actor } from '../common/actor.js';
import { type Page, type PageQuery } from '../common/page.js';
import { type Transaction, Transactions } from '../platform/database/transactions.js';
import { Cursors } from '../platform/secrets/cursors.js';
import { type AgentDefinition, type AgentSpec, type AgentVersion } from './agent.js';
import { checkSpec } from './agent-checks.js';
import { AgentGraph } from './agent-graph.js';
import { AgentErrors } from './agents.errors.js';
import { AgentsRepository, type StoredAgent } from './agents.repository.js';

const MAX_PRIVATE_AGENTS = 200;
/** Shared agents that are offered as tools. */
const MAX_SHARED_AGENTS = 500;

/** What PATCH may change: everything but the name. */
export type AgentPatch = Partial<Omit<AgentSpec, 'name'>>;

/** Agents as rows. A user sees the shared ones and his own; another user's agent does not exist for him. */
@Injectable()
export class AgentsService {
  constructor(
    private readonly agents: AgentsRepository,
    private readonly graph: AgentGraph,
    private readonly transactions: Transactions,
    private readonly cursors: Cursors,
    private readonly audit: AuditLog,
  ) {}

  /** The agent of this name that the actor sees. Throws `agent_not_found`. */
  async get(actor: Actor, name: string): Promise<AgentDefinition> {
    return toDefinition(await this.find(actor, name));
  }

  /** As `get`, but undefined when there is none. */
  async peek(actor: Actor, name: string, tx?: Transaction): Promise<AgentDefinition | undefined> {
    const [agent] = await this.agents.findVisible(actor.userId, [name], tx);
    return agent === undefined ? undefined : toDefinition(agent);
  }

  /** Those of the named agents that the actor sees, for an agent's subAgents; unknown names are left out. */
  async getMany(actor: Actor, names: readonly string[]): Promise<AgentDefinition[]> {
    const rows = await this.agents.findVisible(actor.userId, names);
    return names.flatMap((name) => rows.filter((row) => row.name === name).map(toDefinition));
  }

  /** Every shared agent, for who offers them to all. */
  async shared(): Promise<AgentDefinition[]> {
    return (await this.agents.listShared(MAX_SHARED_AGENTS)).map(toDefinition);
  }

  /** Equal marks mean equal shared agents. */
  sharedMark(): Promise<string> {
    return this.agents.sharedMark();
  }

  /** The agents that the actor sees, newest first. */
  async list(actor: Actor, query: PageQuery): Promise<Page<AgentDefinition>> {
    const list = `agents/${actor.userId}`;
    const rows = await this.agents.listVisible(
      actor.userId,
      query.limit + 1,
      this.cursors.read(list, query.cursor),
    );
    const page = this.cursors.page(list, rows, query.limit, (row) => row.id);
    return { ...page, items: page.items.map(toDefinition) };
  }

  /** The versions of an agent, newest first. Throws `agent_not_found`. */
  async versions(actor: Actor, name: string, query: PageQuery): Promise<Page<AgentVersion>> {
    const agent = await this.find(actor, name);
    const list = `agent-versions/${agent.id}`;
    const before = this.cursors.read(list, query.cursor);
    const rows = await this.agents.versions(
      agent.id,
      query.limit + 1,
      before === undefined ? undefined : Number(before),
    );
    const page = this.cursors.page(list, rows, query.limit, (row) => String(row.version));
    const items = page.items.map(({ definition, version, origin, createdAt }) => ({
      ...definition,
      version,
      origin,
      createdAt,
      current: version === agent.version,
    }));
    return { ...page, items };
  }

  /**
   * Makes an agent: shared by an admin, private by a member (`shared` says which; an admin's is shared by default).
   * Throws `agent_is_shared` (a member asked for a shared one), `agent_exists`, `agent_cycle`, `invalid_request`.
   */
  async create(
    actor: Actor,
    spec: AgentSpec,
    shared = actor.role === 'admin',
    tx?: Transaction,
  ): Promise<AgentDefinition> {
    if (shared && actor.role !== 'admin') throw AgentErrors.agent_is_shared();
    return this.write(async (transaction) => {
      await this.createIn(actor, spec, shared, transaction);
      await this.audit.record(
        actor,
        'agent.created',
        { type: 'agent', id: spec.name },
        { shared },
        transaction,
      );
      return toDefinition(await this.find(actor, spec.name, transaction));
    }, tx);
  }

  /** Changes an agent by a new version. Throws as `create`, and `agent_is_a_file`. */
  async update(
    actor: Actor,
    name: string,
    patch: AgentPatch,
    within?: Transaction,
  ): Promise<AgentDefinition> {
    return this.write(async (tx) => {
      const agent = await this.findManaged(actor, name, tx);
      const spec = { ...agent.current.definition, ...patch };
      checkSpec(spec);
      await this.graph.check(agent.ownerId, spec, tx);
      await this.agents.addVersion(
        agent.id,
        spec,
        { origin: 'user', createdBy: actor.userId, use: true },
        tx,
      );
      const fields = Object.keys(patch);
      await this.audit.record(actor, 'agent.updated', { type: 'agent', id: name }, { fields }, tx);
      return toDefinition(await this.find(actor, name, tx));
    }, within);
  }

  /** Uses an earlier, or later, version again. Throws `agent_version_not_found`, and as `update`. */
  async rollback(actor: Actor, name: string, version: number): Promise<AgentDefinition> {
    return this.write(async (tx) => {
      const agent = await this.findManaged(actor, name, tx);
      const found = await this.agents.version(agent.id, version, tx);
      if (found === null) throw AgentErrors.agent_version_not_found();
      await this.graph.check(agent.ownerId, found.definition, tx);
      await this.agents.useVersion(agent.id, version, tx);
      const details = { fields: ['version'], from: agent.version, to: version };
      await this.audit.record(actor, 'agent.updated', { type: 'agent', id: name }, details, tx);
      return toDefinition(await this.find(actor, name, tx));
    });
  }

  /** Deletes an agent. Throws `agent_in_use` while another one lists it. */
  async remove(actor: Actor, name: string): Promise<void> {
    await this.write(async (tx) => {
      const agent = await this.findManaged(actor, name, tx);
      const user = await this.agents.findUserOf(actor.userId, name, tx);
      if (user !== null)
        throw AgentErrors.agent_in_use(`The agent "${user.name}" lists this one in its subAgents.`);
      // A seed leaves its row behind, so that the next start does not bring it back.
      if (agent.origin === 'seed') await this.agents.setDeleted(agent.id, new Date(), tx);
      else await this.agents.remove(agent.id, tx);
      await this.audit.record(actor, 'agent.deleted', { type: 'agent', id: name }, {}, tx);
    });
  }

  private async createIn(actor: Actor, spec: AgentSpec, shared: boolean, tx: Transaction): Promise<void> {
    checkSpec(spec);
    const ownerId = shared ? null : actor.userId;
    const [taken] = await this.agents.findVisible(ownerId, [spec.name], tx);
    if (taken !== undefined) throw AgentErrors.agent_exists();
    if (!shared && (await this.agents.countOwned(actor.userId, tx)) >= MAX_PRIVATE_AGENTS) {
      throw AgentErrors.too_many_agents();
    }
    await this.graph.check(ownerId, spec, tx);
    const by = { origin: 'user' as const, createdBy: actor.userId };
    const deleted = shared ? await this.agents.findShared(spec.name, tx) : null;
    if (deleted === null) await this.agents.insert(spec, { ...by, ownerId }, tx);
    else await this.agents.addVersion(deleted.id, spec, { ...by, use: true }, tx);
  }

  private write<T>(work: (tx: Transaction) => Promise<T>, within?: Transaction): Promise<T> {
    const locked = async (tx: Transaction) => {
      await this.agents.lockWrites(tx);
      return work(tx);
    };
    return within === undefined ? this.transactions.run(locked) : locked(within);
  }

  private async find(actor: Actor, name: string, tx?: Transaction): Promise<StoredAgent> {
    const [agent] = await this.agents.findVisible(actor.userId, [name], tx);
    if (agent === undefined) throw AgentErrors.agent_not_found();
    return agent;
  }

  private async findManaged(actor: Actor, name: string, tx: Transaction): Promise<StoredAgent> {
    const agent = await this.find(actor, name, tx);
    if (agent.ownerId === null && actor.role !== 'admin') throw AgentErrors.agent_is_shared();
    if (agent.origin === 'file') throw AgentErrors.agent_is_a_file();
    return agent;
  }
}

function toDefinition(row: StoredAgent): AgentDefinition {
  const { version, origin, ownerId, createdAt, updatedAt } = row;
  return { ...row.current.definition, version, origin, shared: ownerId === null, createdAt, updatedAt };
}
