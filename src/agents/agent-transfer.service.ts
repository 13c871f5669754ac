import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { AppError } from '../common/app-error.js';
import { CommonErrors } from '../common/common.errors.js';
import { type Transaction, Transactions } from '../platform/database/transactions.js';
import { type AgentSpec } from './agent.js';
import { fromYaml, pickSpec, toYaml } from './agent-yaml.js';
import { AgentsService } from './agents.service.js';

export interface AgentImport {
  readonly yaml: string;
  readonly shared?: boolean;
  readonly dryRun: boolean;
}

/** What an import did, or would do. */
export interface ImportedAgent {
  readonly name: string;
  readonly action: 'created' | 'updated' | 'unchanged';
  readonly changes: readonly { readonly field: string; readonly from?: unknown; readonly to?: unknown }[];
  readonly dryRun: boolean;
}

/** Agents as YAML files: out of one installation, into another. */
@Injectable()
export class AgentTransfer {
  constructor(
    private readonly agents: AgentsService,
    private readonly transactions: Transactions,
  ) {}

  /** Throws `agent_not_found`. */
  async export(actor: Actor, name: string): Promise<string> {
    return toYaml(await this.agents.get(actor, name));
  }

  /**
   * Makes the agent, or changes it by a new version when it is another one. With `dryRun` everything is checked and
   * nothing kept. Throws `invalid_request` (field `yaml`) and as AgentsService.create and update.
   */
  async import(actor: Actor, given: AgentImport, within?: Transaction): Promise<ImportedAgent> {
    if (!given.dryRun) return this.write(actor, given, within);
    let planned: ImportedAgent | undefined;
    const plan = async (tx: Transaction): Promise<never> => {
      planned = await this.write(actor, given, tx);
      throw new Undone();
    };
    try {
      await (within === undefined ? this.transactions.run(plan) : within.transaction(plan));
    } catch (error) {
      if (!(error instanceof Undone) || planned === undefined) throw error;
    }
    return planned as ImportedAgent;
  }

  private async write(
    actor: Actor,
    { yaml, shared, dryRun }: AgentImport,
    tx: Transaction | undefined,
  ): Promise<ImportedAgent> {
    const spec = read(yaml);
    const before = await this.agents.peek(actor, spec.name, tx);
    if (before === undefined) {
      await this.agents.create(actor, spec, shared, tx);
      return { name: spec.name, action: 'created', changes: [], dryRun };
    }
    const changes = differences(pickSpec(before), pickSpec(spec));
    if (changes.length === 0) return { name: spec.name, action: 'unchanged', changes, dryRun };
    const { name, ...patch } = pickSpec(spec);
    await this.agents.update(actor, name, patch, tx);
    return { name, action: 'updated', changes, dryRun };
  }
}

/** Rolls a dry run back. */
class Undone extends Error {}

function read(yaml: string): AgentSpec {
  try {
    return fromYaml(yaml);
  } catch (error) {
    if (error instanceof AppError) throw error;
    const message = error instanceof Error ? error.message : 'cannot be read';
    throw CommonErrors.invalid_request(undefined, { errors: [{ field: 'yaml', message }] });
  }
}

function differences(before: AgentSpec, after: AgentSpec): ImportedAgent['changes'] {
  const from = before as unknown as Record<string, unknown>;
  const to = after as unknown as Record<string, unknown>;
  return Object.keys(to)
    .filter((field) => !isDeepStrictEqual(from[field] ?? undefined, to[field] ?? undefined))
    .map((field) => ({ field, from: from[field], to: to[field] }));
}
