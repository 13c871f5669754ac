import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.service.js';
import { requireAccountAccess } from '../common/access.js';
import { type Actor } from '../common/actor.js';
import { type Page, type PageQuery } from '../common/page.js';
import { type Transaction, Transactions } from '../platform/database/transactions.js';
import { Cursors } from '../platform/secrets/cursors.js';
import { SessionOwnerCache } from './session-owner-cache.js';
import { type Session } from './session.entity.js';
import { SessionErrors } from './sessions.errors.js';
import { type SessionOwner, SessionsRepository } from './sessions.repository.js';

export type SessionView = Pick<Session, 'id' | 'device' | 'ip' | 'createdAt' | 'lastSeenAt'> & {
  readonly current: boolean;
};

/** Login sessions, one a device. Ending one shuts its access tokens out at once, on every instance. [S08] */
@Injectable()
export class SessionsService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly transactions: Transactions,
    private readonly cursors: Cursors,
    private readonly audit: AuditLog,
    private readonly cache: SessionOwnerCache,
  ) {}

  /**
   * The user of an open session; undefined when it has ended or he is disabled. From the database each time, or with
   * Redis from a cache of five seconds that an ended session leaves at once.
   */
  async findOwner(id: string, userId: string): Promise<SessionOwner | undefined> {
    const cached = await this.cache.read(id);
    if (cached?.userId === userId) return cached;
    const owner = await this.sessions.findOwner(id, userId);
    if (owner?.stale === true) await this.sessions.touch(id);
    if (owner !== undefined) await this.cache.write(id, owner);
    return owner;
  }

  async list(actor: Actor, query: PageQuery): Promise<Page<SessionView>> {
    requireAccountAccess(actor);
    const list = `sessions/${actor.userId}`;
    const before = this.cursors.read(list, query.cursor);
    const rows = await this.sessions.list(actor.userId, before, query.limit + 1);
    const views = rows.map((row) => view(row, actor));
    return this.cursors.page(list, views, query.limit, (row) => row.id);
  }

  /** `id` may be `current`. Throws `session_not_found`, `no_session`. */
  async get(actor: Actor, id: string): Promise<SessionView> {
    requireAccountAccess(actor);
    const session = await this.sessions.findOpen(actor.userId, idOf(actor, id));
    if (session === null) throw SessionErrors.session_not_found();
    return view(session, actor);
  }

  /** Ends a session; `id` may be `current`. Throws `session_not_found`, `no_session`. */
  async end(actor: Actor, id: string): Promise<void> {
    requireAccountAccess(actor);
    const sessionId = idOf(actor, id);
    await this.transactions.run(async (tx) => {
      if (!(await this.sessions.end(actor.userId, sessionId, tx))) throw SessionErrors.session_not_found();
      await this.audit.record(actor, 'session.ended', { type: 'session', id: sessionId }, {}, tx);
    });
    await this.cache.forget(sessionId);
  }

  /** Ends all sessions of the caller but the one he came by. */
  async endOthers(actor: Actor, transaction?: Transaction): Promise<void> {
    requireAccountAccess(actor);
    if (transaction === undefined) return this.transactions.run((tx) => this.endOthers(actor, tx));
    await this.sessions.endOthers(actor.userId, actor.sessionId, transaction);
    const target = { type: 'user', id: actor.userId };
    await this.audit.record(actor, 'session.others_ended', target, {}, transaction);
  }
}

function idOf(actor: Actor, id: string): string {
  if (id !== 'current') return id;
  if (actor.sessionId === undefined) throw SessionErrors.no_session();
  return actor.sessionId;
}

function view({ id, device, ip, createdAt, lastSeenAt }: Session, actor: Actor): SessionView {
  return { id, device, ip, createdAt, lastSeenAt, current: id === actor.sessionId };
}
