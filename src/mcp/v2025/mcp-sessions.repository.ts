import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, LessThan, Repository } from 'typeorm';
import { McpSession } from './mcp-session.entity.js';

@Injectable()
export class McpSessionsRepository {
  constructor(@InjectRepository(McpSession) private readonly sessions: Repository<McpSession>) {}

  async insert(session: Omit<McpSession, 'createdAt' | 'logLevel'>): Promise<void> {
    await this.sessions.insert({ ...session, initialize: session.initialize as object });
  }

  find(userId: string, id: string): Promise<McpSession | null> {
    return this.sessions.findOneBy({ id, userId });
  }

  async touch(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.sessions.update({ id: In([...ids]) }, { lastSeenAt: new Date() });
  }

  /** Which of these sessions have not been ended. */
  async existing(ids: readonly string[]): Promise<ReadonlySet<string>> {
    if (ids.length === 0) return new Set();
    const rows = await this.sessions.find({ where: { id: In([...ids]) }, select: { id: true } });
    return new Set(rows.map((row) => row.id));
  }

  async setLogLevel(id: string, logLevel: string): Promise<void> {
    await this.sessions.update({ id }, { logLevel });
  }

  async delete(userId: string, id: string): Promise<void> {
    await this.sessions.delete({ id, userId });
  }

  /** Deletes all but the `keep` last used sessions of a user. */
  async deleteOldest(userId: string, keep: number): Promise<void> {
    await this.sessions.query(
      `delete from mcp_sessions where id in
         (select id from mcp_sessions where user_id = $1 order by last_seen_at desc, id offset $2)`,
      [userId, keep],
    );
  }

  async deleteIdleSince(before: Date): Promise<void> {
    await this.sessions.delete({ lastSeenAt: LessThan(before) });
  }
}
