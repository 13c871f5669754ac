import { Injectable } from '@nestjs/common';
import { CommonErrors } from '../common/common.errors.js';
import { type Transaction } from '../platform/database/transactions.js';
import { type AgentSpec } from './agent.js';
import { AgentErrors } from './agents.errors.js';
import { AgentsRepository } from './agents.repository.js';

/** Who may ask whom: sub-agents must exist, and nobody may come back to himself. */
@Injectable()
export class AgentGraph {
  constructor(private readonly agents: AgentsRepository) {}

  /**
   * Checks the sub-agents of `spec` as `ownerId` sees them (null: only shared ones). Must run under the lock of
   * writes. Throws `invalid_request` that names an unknown sub-agent, `agent_cycle` that shows the way round.
   */
  async check(ownerId: string | null, spec: AgentSpec, tx: Transaction): Promise<void> {
    const cameFrom = new Map(spec.subAgents.map((name) => [name, spec.name]));
    let frontier: readonly string[] = spec.subAgents;
    for (let depth = 0; frontier.length > 0; depth += 1) {
      if (frontier.includes(spec.name)) throw AgentErrors.agent_cycle(describe(spec.name, cameFrom));
      const found = await this.agents.findVisible(ownerId, frontier, tx);
      if (depth === 0) requireAll(spec, new Set(found.map((agent) => agent.name)));
      const next: string[] = [];
      for (const agent of found) {
        for (const name of agent.current.definition.subAgents) {
          if (cameFrom.has(name)) continue;
          cameFrom.set(name, agent.name);
          next.push(name);
        }
      }
      frontier = next;
    }
  }
}

function requireAll(spec: AgentSpec, known: ReadonlySet<string>): void {
  const errors = spec.subAgents.flatMap((name, index) =>
    known.has(name) ? [] : [{ field: `subAgents.${index}`, message: 'there is no such agent' }],
  );
  if (errors.length > 0) throw CommonErrors.invalid_request(undefined, { errors });
}

function describe(name: string, cameFrom: ReadonlyMap<string, string>): string {
  const way = [name];
  let step = cameFrom.get(name);
  while (step !== undefined && step !== name) {
    way.unshift(step);
    step = cameFrom.get(step);
  }
  return `An agent must not reach itself through its subAgents: ${[name, ...way].join(' -> ')}.`;
}
