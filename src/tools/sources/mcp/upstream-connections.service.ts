import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { untilAborted } from '../../../common/until-aborted.js';
import { Ended } from '../../deadline.js';
import { ToolErrors } from '../../tools.errors.js';
import { type UpstreamClient } from './client/upstream-client.js';
import { kindOf, ownErrorIn } from './client/upstream-error.js';
import { McpServerErrors } from './mcp-servers.errors.js';
import { UpstreamOpener } from './upstream-opener.js';
import { type Upstream } from './upstream-servers.service.js';

const MAX_CONNECTIONS = 200;
const MAX_CHILDREN = 32;
const SWEEP_MS = 5_000;
const IDLE_MS = 5 * 60_000;
/** However busy: a program that runs for days is started again. */
const MAX_AGE_MS = 12 * 3_600_000;
const SHUTDOWN_MS = 4_000;

/** Told that a server should be looked at: it says that its tools changed, its connection broke, it did not answer. */
export type UpstreamNotice = (serverId: string) => void;

export interface UseOptions {
  /** Whose sign-in is used; undefined is this server's own. */
  readonly userId?: string;
  readonly signal: AbortSignal;
}

interface Connection {
  readonly key: string;
  readonly upstream: Upstream;
  readonly opening: Promise<UpstreamClient>;
  readonly openedAt: number;
  inFlight: number;
  lastUsed: number;
  /** Taken out of the pool: closed as soon as nobody uses it. */
  isDropped: boolean;
}

/**
 * The connections of this process to upstream servers: opened when they are needed, shared by all calls, closed when
 * they are idle, bounded. One for each server, and one for each user where users sign in themselves.
 */
@Injectable()
export class UpstreamConnections implements OnApplicationShutdown {
  private readonly log = new Logger('Upstreams');
  private readonly pool = new Map<string, Connection>();
  private readonly closing = new Set<Promise<void>>();
  private notice: UpstreamNotice = () => undefined;
  private sweeper?: NodeJS.Timeout;
  private stopped = false;

  constructor(private readonly opener: UpstreamOpener) {}

  /** Who is told of notices; one listener. */
  onNotice(notice: UpstreamNotice): void {
    this.notice = notice;
  }

  /** Open connections of this process. */
  get size(): number {
    return this.pool.size;
  }

  isOpen(upstream: Upstream): boolean {
    const connection = this.pool.get(keyOf(upstream));
    return connection !== undefined && !connection.isDropped;
  }

  /**
   * Works with an open connection. A server that forgot our session did nothing: the work is done once more on a new
   * one. Rejects with what the work threw; a connection that broke is not used again.
   */
  async use<T>(
    upstream: Upstream,
    options: UseOptions,
    work: (client: UpstreamClient) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      const connection = this.connect(upstream, options.userId);
      connection.inFlight += 1;
      try {
        return await work(await untilAborted(connection.opening, options.signal));
      } catch (error) {
        const kind = options.signal.aborted ? 'other' : kindOf(error);
        if (kind === 'transport' || isTimeout(options.signal)) this.notice(upstream.row.id);
        if (kind === 'transport' || kind === 'lost_session' || kind === 'auth') this.drop(connection);
        if (kind === 'lost_session' && attempt === 0) continue;
        throw ownErrorIn(error) ?? error;
      } finally {
        connection.inFlight -= 1;
        connection.lastUsed = Date.now();
        if (connection.isDropped && connection.inFlight === 0) this.close(connection);
      }
    }
  }

  /** Closes the connections of a server: it was changed, or is gone; of one user, when he signed out. */
  forget(serverId: string, userId?: string): void {
    for (const connection of this.pool.values()) {
      const isMeant = userId === undefined || connection.key === keyOf(connection.upstream, userId);
      if (connection.upstream.row.id === serverId && isMeant) this.drop(connection);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.sweeper);
    for (const connection of this.pool.values()) {
      connection.inFlight = 0;
      this.drop(connection);
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, SHUTDOWN_MS);
    });
    await Promise.race([Promise.all(this.closing), late]);
    clearTimeout(timer);
    this.opener.killChildren();
  }

  private connect(upstream: Upstream, userId: string | undefined): Connection {
    if (this.stopped) throw ToolErrors.tool_unavailable();
    const key = keyOf(upstream, userId);
    const known = this.pool.get(key);
    if (known !== undefined && known.upstream.version === upstream.version) return known;
    if (known !== undefined) this.drop(known);
    this.makeRoom(upstream.reach.transport);
    const opening = this.opener.open(upstream, userId, {
      onToolsChanged: () => this.notice(upstream.row.id),
      onClose: () => {
        if (connection.isDropped || this.stopped) return;
        this.drop(connection);
        this.notice(upstream.row.id);
      },
    });
    const now = Date.now();
    const connection: Connection = {
      key,
      upstream,
      opening,
      openedAt: now,
      inFlight: 0,
      lastUsed: now,
      isDropped: false,
    };
    opening.catch(() => this.drop(connection));
    this.pool.set(key, connection);
    this.sweeper ??= setInterval(() => this.sweep(), SWEEP_MS).unref();
    return connection;
  }

  /** The connection that was idle longest goes; when all are in use there is no place. */
  private makeRoom(transport: Upstream['reach']['transport']): void {
    const children = [...this.pool.values()].filter(({ upstream }) => upstream.reach.transport === 'stdio');
    const full = transport === 'stdio' && children.length >= MAX_CHILDREN ? children : undefined;
    const crowd = full ?? (this.pool.size >= MAX_CONNECTIONS ? [...this.pool.values()] : undefined);
    if (crowd === undefined) return;
    const [oldest] = crowd.filter(({ inFlight }) => inFlight === 0).sort((a, b) => a.lastUsed - b.lastUsed);
    if (oldest === undefined) throw McpServerErrors.upstream_busy(undefined, { retryAfter: 1 });
    this.drop(oldest);
  }

  private sweep(): void {
    const now = Date.now();
    for (const connection of this.pool.values()) {
      const isIdle = connection.inFlight === 0 && now - connection.lastUsed > IDLE_MS;
      if (isIdle || now - connection.openedAt > MAX_AGE_MS) this.drop(connection);
    }
  }

  private drop(connection: Connection): void {
    if (connection.isDropped) return;
    connection.isDropped = true;
    if (this.pool.get(connection.key) === connection) this.pool.delete(connection.key);
    if (connection.inFlight === 0) this.close(connection);
  }

  private close(connection: Connection): void {
    const closed = connection.opening
      .then((client) => client.close())
      .catch(() => undefined)
      .finally(() => this.closing.delete(closed));
    this.closing.add(closed);
    this.log.debug({ server: connection.upstream.row.name }, 'Closed a connection to an MCP server');
  }
}

function keyOf({ row }: Upstream, userId = ''): string {
  return `${row.id}\n${userId}`;
}

function isTimeout({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof Ended && reason.why === 'timeout';
}
