import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, MoreThan, Not, Repository } from 'typeorm';
import { newId } from '../../../common/ids.js';
import { ADVISORY_LOCKS } from '../../../platform/database/advisory-locks.js';
import { type Transaction } from '../../../platform/database/transactions.js';
import { McpServerRow } from './mcp-server.entity.js';

/** How long an instance that began a check has it for itself. */
const CHECK_LEASE_SECONDS = 60;
/** After this time without an instance that has it in its file, a server is gone. */
const FORGET_SECONDS = 90;

/** What a look at a server found. */
export type CheckOutcome = Pick<McpServerRow, 'state' | 'lastError' | 'failures'> &
  Partial<Pick<McpServerRow, 'serverInfo' | 'protocolVersion' | 'toolCount' | 'problems'>>;

export type ServerChange = Partial<
  Pick<
    McpServerRow,
    'url' | 'headers' | 'auth' | 'enabled' | 'revision' | 'state' | 'failures' | 'listUserId'
  >
>;

@Injectable()
export class McpServersRepository {
  constructor(@InjectRepository(McpServerRow) private readonly servers: Repository<McpServerRow>) {}

  async insert(row: Partial<McpServerRow>, tx: Transaction): Promise<McpServerRow> {
    const id = newId();
    await tx.insert(McpServerRow, { id, ...row });
    return tx.findOneByOrFail(McpServerRow, { id });
  }

  /** Counts under a lock, so that two additions can neither have one name nor both be the last one allowed. */
  async countLocked(tx: Transaction): Promise<number> {
    await tx.query('select pg_advisory_xact_lock($1)', [ADVISORY_LOCKS.mcpServerLimit]);
    return tx.count(McpServerRow);
  }

  /** By name. */
  list(after: string | undefined, take: number): Promise<McpServerRow[]> {
    return this.servers.find({
      where: after === undefined ? {} : { name: MoreThan(after) },
      order: { name: 'ASC' },
      take,
    });
  }

  all(): Promise<McpServerRow[]> {
    return this.servers.find({ order: { name: 'ASC' } });
  }

  find(id: string): Promise<McpServerRow | null> {
    return this.servers.findOneBy({ id });
  }

  findNamed(name: string, tx: Transaction): Promise<McpServerRow | null> {
    return tx.findOneBy(McpServerRow, { name });
  }

  async update(id: string, change: ServerChange): Promise<void> {
    await this.servers.update(
      { id },
      {
        ...change,
        nextCheckAt: () => 'now()',
        updatedAt: () => 'now()',
      },
    );
  }

  async delete(id: string): Promise<boolean> {
    return (await this.servers.delete({ id })).affected === 1;
  }

  /** Makes the next check due now. */
  async wake(id: string): Promise<void> {
    await this.servers.update({ id }, { nextCheckAt: () => 'now()' });
  }

  /**
   * Takes up to `limit` servers whose check is due; no other instance gets them meanwhile. Servers of a file are
   * checked by instances that have them (`ours` are their names).
   */
  async claimDue(ours: readonly string[], limit: number): Promise<string[]> {
    const [rows] = await this.servers.query<[{ id: string }[], number]>(
      `update mcp_servers set next_check_at = now() + interval '${CHECK_LEASE_SECONDS} seconds'
        where id in (
          select id from mcp_servers
           where enabled and next_check_at <= now() and (origin = 'api' or name = any($1))
           order by next_check_at limit $2 for update skip locked)
        returning id`,
      [ours, limit],
    );
    return rows.map(({ id }) => id);
  }

  /**
   * Writes what a check found, unless the server was changed meanwhile. A failure is also nothing when another check
   * ended since this one began: it may have seen the server come back. Was it written?
   */
  async record(server: McpServerRow, outcome: CheckOutcome, nextCheckMs: number): Promise<boolean> {
    const update = this.servers
      .createQueryBuilder()
      .update()
      .set({
        ...outcome,
        stateSince: () => `case when state = '${outcome.state}' then state_since else now() end`,
        checkedAt: () => 'now()',
        nextCheckAt: () => `now() + interval '${Math.round(nextCheckMs)} milliseconds'`,
      })
      .where({ id: server.id, revision: server.revision });
    if (outcome.state !== 'healthy')
      update.andWhere(`date_trunc('milliseconds', checked_at) is not distinct from :seen`, {
        seen: server.checkedAt,
      });
    return (await update.execute()).affected === 1;
  }

  async countByState(): Promise<Record<McpServerRow['state'], number>> {
    const rows = await this.servers.query<{ state: McpServerRow['state']; count: number }[]>(
      'select state, count(*)::int as count from mcp_servers where enabled group by state',
    );
    const counts = { healthy: 0, unhealthy: 0, unknown: 0 };
    for (const { state, count } of rows) counts[state] = count;
    return counts;
  }

  /** Writes that this instance has these servers in its file. Names that the API gave away are left out. */
  async keepFile(entries: readonly { name: string; transport: McpServerRow['transport'] }[]): Promise<void> {
    for (const { name, transport } of entries)
      await this.servers.query(
        `insert into mcp_servers (id, name, origin, transport) values ($1, $2, 'file', $3)
         on conflict (name) do update set seen_at = now(), transport = excluded.transport
          where mcp_servers.origin = 'file'`,
        [newId(), name, transport],
      );
  }

  async touchFile(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    await this.servers.update({ name: In([...names]), origin: 'file' }, { seenAt: () => 'now()' });
  }

  /** Servers of files that no instance has any more. */
  forgotten(ours: readonly string[]): Promise<McpServerRow[]> {
    return this.servers
      .createQueryBuilder('server')
      .where({ origin: 'file', name: Not(In([...ours])) })
      .andWhere(`server.seen_at < now() - interval '${FORGET_SECONDS} seconds'`)
      .getMany();
  }
}
