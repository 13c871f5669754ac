import { randomBytes } from 'node:crypto';
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { type Server } from '@modelcontextprotocol/sdk/server/index.js';
import { isInitializeRequest, type LoggingLevel } from '@modelcontextprotocol/sdk/types.js';
import { EventBus } from '../../platform/events/event-bus.js';
import { McpCatalogue } from '../catalogue.js';
import { type McpChange, McpChanges } from '../changes.js';
import { type HttpExchange, idOf, rpcFailure } from '../http-exchange.js';
import { McpErrors } from '../mcp.errors.js';
import { makeLegacyServer, type SessionState } from './legacy-server.js';
import { type McpSession } from './mcp-session.entity.js';
import { McpSessionsRepository } from './mcp-sessions.repository.js';
import { SessionRelay } from './session-relay.js';
import { SessionTransport } from './session-transport.js';

const SESSIONS_PER_USER = 100;
const MAX_LIVE = 1000;
const MAX_INITIALIZE_BYTES = 16 << 10;
const MINUTE = 60_000;
/** A session that nobody uses leaves memory; its row brings it back. */
const IDLE_LIVE_MS = 10 * MINUTE;
/** Official clients do not open a new session by themselves, so rows stay long. */
const IDLE_ROW_MS = 30 * 24 * 60 * MINUTE;

interface LiveSession {
  readonly id: string;
  readonly userId: string;
  readonly server: Server;
  readonly transport: SessionTransport;
  readonly state: SessionState;
  /** HTTP exchanges in progress. */
  active: number;
  lastUsed: number;
  touched: number;
}

/**
 * Sessions of 2025-era clients. What makes one is in PostgreSQL, so any instance serves it, also after a restart: the
 * stored `initialize` is played to a fresh server. A session belongs to its user; another user's does not exist. [S47] [S48]
 */
@Injectable()
export class LegacySessions implements OnModuleInit, OnModuleDestroy {
  private readonly live = new Map<string, LiveSession>();
  private readonly reviving = new Map<string, Promise<LiveSession>>();
  private readonly relay: SessionRelay;
  private readonly sweeper: NodeJS.Timeout;
  private readonly unsubscribe: () => void;

  constructor(
    private readonly catalogue: McpCatalogue,
    private readonly changes: McpChanges,
    private readonly sessions: McpSessionsRepository,
    bus: EventBus,
  ) {
    this.relay = new SessionRelay(bus);
    this.unsubscribe = changes.subscribe((change) => this.tell(change));
    this.sweeper = setInterval(() => void this.sweep().catch(() => undefined), MINUTE).unref();
  }

  async onModuleInit(): Promise<void> {
    await this.relay.listen((id, message) => void this.deliver(id, message).catch(() => undefined));
  }

  /** Serves one request of a 2025-era client. Throws `mcp_session_not_found` and the like. */
  async handle(exchange: HttpExchange): Promise<Response> {
    const { request, body } = exchange;
    if (request.method === 'POST' && isInitializeRequest(body)) return this.open(exchange, body.params);
    const id = request.headers.get('mcp-session-id');
    if (id === null) return withoutSession(exchange);
    const row = await this.sessions.find(exchange.actor.userId, id);
    if (row === null) {
      const orphan = this.live.get(id);
      if (orphan?.userId === exchange.actor.userId) await this.close(orphan);
      throw McpErrors.mcp_session_not_found();
    }
    const session = this.live.get(id) ?? (await this.revive(row));
    if (request.method === 'DELETE') {
      await this.sessions.delete(row.userId, id);
      this.live.delete(id);
    } else await this.touch(session);
    return this.pass(session, exchange);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.sweeper);
    this.unsubscribe();
    await this.relay.close();
    await Promise.all([...this.live.values()].map((session) => this.close(session)));
  }

  private async open(exchange: HttpExchange, initialize: Record<string, unknown>): Promise<Response> {
    if (JSON.stringify(initialize).length > MAX_INITIALIZE_BYTES)
      throw McpErrors.mcp_session_required('The params of initialize are too large.');
    const { userId } = exchange.actor;
    const id = randomBytes(24).toString('base64url');
    const session = await this.build(id, userId, null);
    await this.sessions.insert({ id, userId, initialize, lastSeenAt: new Date() });
    this.live.set(id, session);
    await this.sessions.deleteOldest(userId, SESSIONS_PER_USER);
    // An id that came along is of a session that the client gives up.
    exchange.request.headers.delete('mcp-session-id');
    const response = await this.pass(session, exchange);
    if (!response.ok) {
      await this.sessions.delete(userId, id);
      await this.close(session);
    }
    return response;
  }

  private revive(row: McpSession): Promise<LiveSession> {
    const running = this.reviving.get(row.id);
    if (running !== undefined) return running;
    const revival = this.rebuild(row).finally(() => this.reviving.delete(row.id));
    this.reviving.set(row.id, revival);
    return revival;
  }

  /** Plays the stored handshake to a fresh server under the old id. */
  private async rebuild(row: McpSession): Promise<LiveSession> {
    const session = await this.build(row.id, row.userId, row.logLevel as LoggingLevel | null);
    await session.transport.play({ jsonrpc: '2.0', id: 0, method: 'initialize', params: row.initialize });
    await session.transport.play({ jsonrpc: '2.0', method: 'notifications/initialized' });
    this.live.set(row.id, session);
    return session;
  }

  /** A message that reached another instance. */
  private async deliver(id: string, message: unknown): Promise<void> {
    const session = this.live.get(id);
    if (session !== undefined) await session.transport.play(message);
  }

  private async build(id: string, userId: string, logLevel: LoggingLevel | null): Promise<LiveSession> {
    await this.makeRoom();
    const state: SessionState = {
      subscriptions: new Set(),
      logLevel,
      saveLogLevel: (level) => this.sessions.setLogLevel(id, level),
    };
    const server = makeLegacyServer(this.catalogue, this.changes, state);
    const transport = new SessionTransport(id, this.relay.instance);
    await server.connect(transport);
    const now = Date.now();
    const session = {
      id,
      userId,
      server,
      transport,
      state,
      active: 0,
      lastUsed: now,
      touched: now,
    };
    return session;
  }

  private async pass(session: LiveSession, exchange: HttpExchange): Promise<Response> {
    session.active += 1;
    exchange.onClosed(() => {
      session.active -= 1;
      session.lastUsed = Date.now();
    });
    this.relay.offer(session.id, exchange.body);
    return session.transport.serve(exchange);
  }

  private async touch(session: LiveSession): Promise<void> {
    session.lastUsed = Date.now();
    if (session.lastUsed - session.touched < MINUTE) return;
    session.touched = session.lastUsed;
    await this.sessions.touch([session.id]);
  }

  /** Over the cap the session that was unused the longest leaves memory. */
  private async makeRoom(): Promise<void> {
    if (this.live.size < MAX_LIVE) return;
    const idle = [...this.live.values()].filter((session) => session.active === 0);
    const oldest = idle.sort((a, b) => a.lastUsed - b.lastUsed)[0];
    if (oldest === undefined) throw McpErrors.mcp_sessions_busy(undefined, { retryAfter: 5 });
    await this.close(oldest);
  }

  private async sweep(): Promise<void> {
    const now = Date.now();
    const known = await this.sessions.existing([...this.live.keys()]);
    const inUse: string[] = [];
    for (const session of this.live.values()) {
      const isIdle = session.active === 0 && now - session.lastUsed > IDLE_LIVE_MS;
      if (isIdle || !known.has(session.id)) await this.close(session);
      else if (session.active > 0) inUse.push(session.id);
    }
    await this.sessions.touch(inUse);
    await this.sessions.deleteIdleSince(new Date(now - IDLE_ROW_MS));
  }

  private async close(session: LiveSession): Promise<void> {
    this.live.delete(session.id);
    await session.server.close().catch(() => undefined);
  }

  private tell(change: McpChange): void {
    for (const { server, state } of this.live.values()) {
      const told =
        'resource' in change
          ? state.subscriptions.has(change.resource) && server.sendResourceUpdated({ uri: change.resource })
          : NOTIFY[change.list](server);
      if (told !== false) told.catch(() => undefined);
    }
  }
}

const NOTIFY = {
  tools: (server: Server) => server.sendToolListChanged(),
  prompts: (server: Server) => server.sendPromptListChanged(),
  resources: (server: Server) => server.sendResourceListChanged(),
} as const;

/** A GET or DELETE needs a session; a POST could have opened one. */
function withoutSession({ request, body }: HttpExchange): Response {
  if (request.method === 'POST') return rpcFailure(McpErrors.mcp_session_required(), idOf(body));
  return new Response(null, { status: 405, headers: { allow: 'POST' } });
}
