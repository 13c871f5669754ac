import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ToolRegistry } from '../../tool-registry.service.js';
import { sweepOrphans } from './client/orphans.js';
import { McpServersRepository } from './mcp-servers.repository.js';
import { ServersFile } from './servers-file.js';
import { UpstreamConnections } from './upstream-connections.service.js';
import { type Upstream, UpstreamServers } from './upstream-servers.service.js';
import { setOf, UpstreamSync } from './upstream-sync.service.js';

const TICK_MS = 1_000;
const FILE_MS = 30_000;
const MAX_AT_ONCE = 8;
const WAKE_MS = 200;

/**
 * Looks at every server again and again, and at once when it says that its tools changed or when its connection broke.
 * Every instance has this timer; one at a time gets a server, by moving its next check on.
 */
@Injectable()
export class UpstreamWatch implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger('Upstreams');
  private readonly stop = new AbortController();
  private readonly checking = new Map<string, Promise<void>>();
  private readonly waking = new Map<string, NodeJS.Timeout>();
  private timer?: NodeJS.Timeout;
  private lastFile = 0;

  constructor(
    private readonly repository: McpServersRepository,
    private readonly servers: UpstreamServers,
    private readonly connections: UpstreamConnections,
    private readonly sync: UpstreamSync,
    private readonly file: ServersFile,
    private readonly registry: ToolRegistry,
  ) {}

  onApplicationBootstrap(): void {
    const swept = sweepOrphans();
    if (swept > 0) this.log.warn({ swept }, 'Ended programs that a server which died had left behind');
    this.connections.onNotice((serverId) => this.soon(serverId));
    this.next(0);
  }

  async onModuleDestroy(): Promise<void> {
    this.stop.abort();
    clearTimeout(this.timer);
    for (const timer of this.waking.values()) clearTimeout(timer);
    await Promise.all(this.checking.values());
  }

  /** Makes the next check due now; whichever instance is first does it. Many calls in a row are one. */
  soon(serverId: string): void {
    if (this.waking.has(serverId) || this.stop.signal.aborted) return;
    const wake = async () => {
      this.waking.delete(serverId);
      try {
        await this.repository.wake(serverId);
      } catch (error) {
        this.log.warn({ err: error }, 'A check of an MCP server could not be planned');
      }
    };
    this.waking.set(
      serverId,
      setTimeout(() => void wake(), WAKE_MS),
    );
  }

  private next(ms: number): void {
    if (this.stop.signal.aborted) return;
    this.timer = setTimeout(() => void this.tick(), ms).unref();
  }

  private async tick(): Promise<void> {
    try {
      const ours = [...this.file.all.keys()];
      if (Date.now() - this.lastFile > FILE_MS) await this.keepFile(ours);
      const free = MAX_AT_ONCE - this.checking.size;
      if (free > 0)
        for (const id of await this.repository.claimDue(ours, free)) this.checking.set(id, this.check(id));
    } catch (error) {
      this.log.warn({ err: error }, 'The look for MCP servers to check failed; the next one follows');
    }
    this.next(TICK_MS);
  }

  /** Never rejects: what is wrong with a server is in its row. */
  private async check(id: string): Promise<void> {
    try {
      const upstream = await this.servers.load(id);
      if (upstream !== undefined && !this.isAsleep(upstream))
        await this.sync.check(upstream, { signal: this.stop.signal });
    } catch (error) {
      this.log.debug({ err: error, server: id }, 'A check of an MCP server failed');
    } finally {
      this.checking.delete(id);
    }
  }

  /** A program that was stopped because nobody used it is not started to see whether it starts. */
  private isAsleep(upstream: Upstream): boolean {
    const { row, reach } = upstream;
    return reach.transport === 'stdio' && row.state === 'healthy' && !this.connections.isOpen(upstream);
  }

  /** Says that this instance still has its servers, and forgets those that no instance has. */
  private async keepFile(ours: readonly string[]): Promise<void> {
    this.lastFile = Date.now();
    await this.repository.touchFile(ours);
    for (const row of await this.repository.forgotten(ours)) {
      await this.registry.removeSet(setOf(row.id));
      await this.repository.delete(row.id);
      this.log.log({ server: row.name }, 'An MCP server is in no file any more');
    }
  }
}
