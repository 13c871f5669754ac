import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { SharedStatement } from '../platform/database/shared-statement.js';
import { type Transaction } from '../platform/database/transactions.js';
import { ToolCallRow } from './tool-call.entity.js';

export type NewToolCall = Omit<ToolCallRow, 'createdAt'>;

export interface ToolCallFilter {
  /** Whose calls; undefined is everyone's. */
  readonly userId?: string;
  readonly tool?: string;
  readonly status?: ToolCallRow['status'];
}

@Injectable()
export class ToolCallsRepository {
  private readonly writer = new SharedStatement<NewToolCall>({
    repeatable: true,
    run: async (rows) => {
      await this.insert(rows);
      return rows.map(() => undefined);
    },
  });

  constructor(@InjectRepository(ToolCallRow) private readonly calls: Repository<ToolCallRow>) {}

  /** Writes the record of a call, together with others; resolves after its commit. */
  write(call: NewToolCall): Promise<void> {
    return this.writer.join(call);
  }

  /** Newest first, `take` of those before the call `before`. */
  list(filter: ToolCallFilter, before: string | undefined, take: number): Promise<ToolCallRow[]> {
    const query = this.calls.createQueryBuilder('call');
    if (filter.userId !== undefined) query.andWhere('call.userId = :userId', { userId: filter.userId });
    if (filter.tool !== undefined) query.andWhere('call.tool = :tool', { tool: filter.tool });
    if (filter.status !== undefined) query.andWhere('call.status = :status', { status: filter.status });
    if (before !== undefined) query.andWhere('call.id < :before', { before });
    return query.orderBy('call.id', 'DESC').take(take).getMany();
  }

  /** Deletes records older than the id `before`, oldest first, at most `limit`; how many. */
  async deleteBefore(before: string, limit: number, transaction: Transaction): Promise<number> {
    const [, deleted]: [unknown, number] = await transaction.query(
      'delete from tool_calls where id in (select id from tool_calls where id < $1 order by id limit $2)',
      [before, limit],
    );
    return deleted;
  }

  /** One text for any number of rows. A repeated batch may have been written already; a call's id is its own. */
  private async insert(rows: readonly NewToolCall[]): Promise<void> {
    const columns = this.calls.metadata.columns.filter(({ isCreateDate }) => !isCreateDate);
    const names = columns.map(({ databaseName }) => databaseName).join(', ');
    const records = rows.map((row) =>
      Object.fromEntries(
        columns.map((column) => [column.databaseName, column.getEntityValue(row) as unknown]),
      ),
    );
    await this.calls.query(
      `insert into tool_calls (${names}) select ${names} from jsonb_populate_recordset(null::tool_calls, $1::jsonb)
       on conflict do nothing`,
      [JSON.stringify(records)],
    );
  }
}
