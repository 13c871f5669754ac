import { Injectable, Logger } from '@nestjs/common';
import { type Actor } from '../../../common/actor.js';
import { type AppError } from '../../../common/app-error.js';
import { ToolRegistry } from '../../tool-registry.service.js';
import { type ToolSet } from '../../tool.js';
import { kindOf, toUpstreamError } from './client/upstream-error.js';
import { type McpServerRow, type ToolProblem } from './mcp-server.entity.js';
import { type CheckOutcome, McpServersRepository } from './mcp-servers.repository.js';
import { signInOf } from './sign-in/sign-in-providers.js';
import { UpstreamConnections } from './upstream-connections.service.js';
import { type Upstream, UpstreamServers } from './upstream-servers.service.js';
import { offersOf } from './upstream-tools.js';

const CHECK_MS = 30_000;
const FIRST_RETRY_MS = 1_000;
const LIST_MS = 20_000;
const MAX_PROBLEMS = 100;
/** One failure may be a restart; two in a row are an outage. */
const UNHEALTHY_AFTER = 2;

/** What a look at a server changed in the registry. */
export type SyncReport = Awaited<ReturnType<ToolRegistry['followSet']>>;

/** The set of tools that a server is in the registry. Its definitions are pinned: what changes waits for approval. [S63] */
export function setOf(id: string): ToolSet {
  return { kind: 'mcp', id, trust: 'remote' };
}

/**
 * Looks at a server: lists its tools, makes the registry follow, writes its state. A list is taken whole or not at all;
 * when a server is away its last known definitions stay, marked `unavailable`.
 */
@Injectable()
export class UpstreamSync {
  private readonly log = new Logger('Upstreams');

  constructor(
    private readonly servers: UpstreamServers,
    private readonly connections: UpstreamConnections,
    private readonly registry: ToolRegistry,
    private readonly repository: McpServersRepository,
  ) {}

  /** Throws what kept it from the list (`upstream_*`, `egress_*`), after the state was written. */
  async check(upstream: Upstream, options: { signal: AbortSignal; actor?: Actor }): Promise<SyncReport> {
    const { row } = upstream;
    try {
      const found = await this.look(upstream, options.signal);
      const holders = await this.holders(row.id);
      const { offered, problems } = offersOf(row, found.tools, (name) => holders.get(name));
      const report = await this.registry.followSet(setOf(row.id), offered, { actor: options.actor });
      // Removed while we looked: tools without a server would keep their names from every other one.
      if ((await this.repository.find(row.id)) === null) await this.registry.removeSet(setOf(row.id));
      await this.succeed(row, {
        serverInfo: found.info,
        protocolVersion: found.protocolVersion,
        toolCount: offered.length - report.refused.length,
        problems: [
          ...problems,
          ...report.refused.map(({ name, message }) => ({ tool: name, message })),
        ].slice(0, MAX_PROBLEMS),
      });
      return report;
    } catch (error) {
      if (options.signal.aborted) throw error;
      const failure = toUpstreamError(error, row.name);
      await this.fail(row, failure, kindOf(error) === 'transport' || failure.kind === 'unavailable');
      throw failure;
    }
  }

  private async look(upstream: Upstream, signal: AbortSignal) {
    const userId = signInOf(upstream, upstream.row.listUserId);
    return this.connections.use(upstream, { signal, userId }, async (client) => ({
      tools: await client.listTools(signal, LIST_MS),
      info: client.info,
      protocolVersion: client.protocolVersion,
    }));
  }

  /** The original names of the tools that the registry has of a server, by their names here. */
  private async holders(serverId: string): Promise<Map<string, string>> {
    const tools = await this.registry.all();
    return new Map(
      tools
        .map(({ definition }) => definition)
        .filter(({ kind, source }) => kind === 'mcp' && source.serverId === serverId)
        .map(({ name, source }) => [name, String(source.tool)]),
    );
  }

  private async succeed(
    row: McpServerRow,
    found: Pick<McpServerRow, 'serverInfo' | 'protocolVersion' | 'toolCount'> & { problems: ToolProblem[] },
  ): Promise<void> {
    if (row.state !== 'healthy')
      this.log.log({ server: row.name, tools: found.toolCount }, 'An MCP server is healthy');
    const outcome: CheckOutcome = { state: 'healthy', lastError: null, failures: 0, ...found };
    // Spread over time, so that many servers are not asked at one moment.
    await this.repository.record(row, outcome, CHECK_MS * (0.8 + Math.random() * 0.4));
    this.servers.forget();
  }

  private async fail(row: McpServerRow, error: AppError, isTransport: boolean): Promise<void> {
    const failures = row.failures + 1;
    const isDown = !isTransport || failures >= UNHEALTHY_AFTER || row.state !== 'healthy';
    const backOff = Math.min(CHECK_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10));
    const written = await this.repository.record(
      row,
      { state: isDown ? 'unhealthy' : row.state, lastError: error.message, failures },
      backOff * (0.8 + Math.random() * 0.4),
    );
    this.servers.forget();
    if (!isDown || !written) return;
    await this.registry.setState(setOf(row.id), 'unavailable');
    if (row.state !== 'unhealthy')
      this.log.warn(
        { server: row.name, err: error.cause ?? error },
        `An MCP server is unhealthy: ${error.message}`,
      );
  }
}
