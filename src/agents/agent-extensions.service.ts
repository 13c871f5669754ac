import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { ENV, type Env } from '../config/env.js';
import { type Transaction, Transactions } from '../platform/database/transactions.js';
import { type AgentSpec } from './agent.js';
import { AgentGraph } from './agent-graph.js';
import { specHash } from './agent-spec.schema.js';
import { fromYaml } from './agent-yaml.js';
import { AgentErrors } from './agents.errors.js';
import { AgentsRepository } from './agents.repository.js';

const SUFFIX = '.agent.yaml';
const MAX_FILES = 200;
const MAX_BYTES = 64 << 10;

/** What a load found: the agents in use, and each file that was skipped with the reason. */
export interface LoadedAgents {
  readonly loaded: readonly string[];
  readonly problems: readonly { readonly file: string; readonly message: string }[];
}

/** Agents in files: `EXTENSIONS_DIR/*.agent.yaml`, the operator's own. The file is the truth, the row follows it. */
@Injectable()
export class AgentExtensions implements OnApplicationBootstrap {
  private readonly log = new Logger('Extensions');

  constructor(
    @Inject(ENV) private readonly env: Env,
    private readonly agents: AgentsRepository,
    private readonly graph: AgentGraph,
    private readonly transactions: Transactions,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { problems } = await this.load();
    for (const { file, message } of problems) this.log.warn(`${file} is skipped: ${message}`);
  }

  /** Reads all files again. A broken one is reported and skipped; an agent whose file is gone is hidden. */
  async load(): Promise<LoadedAgents> {
    const problems: { file: string; message: string }[] = [];
    const specs = new Map<string, AgentSpec>();
    for (const file of await this.files()) {
      try {
        specs.set(file, await readAgent(path.join(this.env.EXTENSIONS_DIR, file)));
      } catch (error) {
        problems.push({ file, message: reasonOf(error) });
      }
    }
    const loaded: string[] = [];
    await this.transactions.run(async (tx) => {
      await this.agents.lockWrites(tx);
      loaded.length = 0;
      // Agents that others list come first, whatever their file is called.
      for (const [file, spec] of inOrder(specs)) {
        try {
          await this.save(spec, loaded, tx);
          loaded.push(spec.name);
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          problems.push({ file, message: reasonOf(error) });
        }
      }
      for (const row of await this.agents.findByOrigin('file', tx)) {
        if (!loaded.includes(row.name)) await this.agents.setDeleted(row.id, new Date(), tx);
      }
    });
    return { loaded, problems };
  }

  private async save(spec: AgentSpec, loaded: readonly string[], tx: Transaction): Promise<void> {
    const by = { origin: 'file' as const, createdBy: null };
    const row = await this.agents.findShared(spec.name, tx);
    if (loaded.includes(spec.name)) throw AgentErrors.agent_exists('Another file has an agent of this name.');
    if (row !== null && row.origin !== 'file') {
      throw AgentErrors.agent_exists(`There is a shared agent "${spec.name}" already; choose another name.`);
    }
    await this.graph.check(null, spec, tx);
    if (row === null) return this.agents.insert(spec, { ...by, ownerId: null }, tx);
    const newest = await this.agents.newestVersion(row.id, 'file', tx);
    if (newest?.hash !== specHash(spec))
      return this.agents.addVersion(row.id, spec, { ...by, use: true }, tx);
    if (row.deletedAt !== null) await this.agents.setDeleted(row.id, null, tx);
  }

  private async files(): Promise<string[]> {
    try {
      const names = await readdir(this.env.EXTENSIONS_DIR);
      return names
        .filter((name) => name.endsWith(SUFFIX))
        .sort()
        .slice(0, MAX_FILES);
    } catch {
      return []; // there need be no folder
    }
  }
}

async function readAgent(file: string): Promise<AgentSpec> {
  const { size } = await stat(file);
  if (size > MAX_BYTES) throw new Error(`it is larger than ${MAX_BYTES >> 10} KiB`);
  return fromYaml(await readFile(file, 'utf8'));
}

function inOrder(specs: ReadonlyMap<string, AgentSpec>): [string, AgentSpec][] {
  const rest = new Map(specs);
  const sorted: [string, AgentSpec][] = [];
  while (rest.size > 0) {
    const waitsFor = new Set([...rest.values()].map(({ name }) => name));
    const ready = [...rest].filter(([, spec]) => spec.subAgents.every((name) => !waitsFor.has(name)));
    // Those left wait for each other; the check of each says so.
    const next = ready.length > 0 ? ready : [...rest];
    for (const [file, spec] of next) {
      rest.delete(file);
      sorted.push([file, spec]);
    }
  }
  return sorted;
}

function reasonOf(error: unknown): string {
  if (error instanceof AppError && error.errors !== undefined) {
    return error.errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
  }
  return error instanceof Error ? error.message : 'it cannot be read';
}
