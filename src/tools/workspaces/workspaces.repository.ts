import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { MoreThan, Repository } from 'typeorm';
import { ADVISORY_LOCKS } from '../../platform/database/advisory-locks.js';
import { type Transaction } from '../../platform/database/transactions.js';
import { WorkspaceRow } from './workspace.entity.js';

@Injectable()
export class WorkspacesRepository {
  constructor(@InjectRepository(WorkspaceRow) private readonly rows: Repository<WorkspaceRow>) {}

  find(name: string): Promise<WorkspaceRow | null> {
    return this.rows.findOneBy({ name });
  }

  async names(): Promise<string[]> {
    const rows = await this.rows.find({ select: { name: true }, order: { name: 'ASC' } });
    return rows.map(({ name }) => name);
  }

  list(after: string | undefined, take: number): Promise<WorkspaceRow[]> {
    const where = after === undefined ? {} : { name: MoreThan(after) };
    return this.rows.find({ where, order: { name: 'ASC' }, take });
  }

  /** Counts under a lock, so that two additions cannot both be the last one allowed. */
  async countLocked(tx: Transaction): Promise<number> {
    await tx.query('select pg_advisory_xact_lock($1)', [ADVISORY_LOCKS.workspaceLimit]);
    return tx.count(WorkspaceRow);
  }

  /** False when the name is taken. */
  async insert(
    row: Pick<WorkspaceRow, 'name' | 'url' | 'ref' | 'depth' | 'auth'>,
    tx: Transaction,
  ): Promise<boolean> {
    const result = await tx.createQueryBuilder().insert().into(WorkspaceRow).values(row).orIgnore().execute();
    return (result.raw as unknown[]).length > 0;
  }

  /** False when there is none of this name. */
  async raise(name: string): Promise<boolean> {
    const change = { generation: () => 'generation + 1', state: 'fetching' as const, problem: null };
    return (await this.rows.update({ name }, change)).affected === 1;
  }

  async ready(name: string, generation: number, clone: { commit: string; bytes: number }): Promise<void> {
    const { commit, bytes } = clone;
    await this.rows.update(
      { name, generation },
      { state: 'ready', problem: null, commit, bytes: String(bytes) },
    );
  }

  /** What one machine could not fetch while no other has: a clone that works elsewhere stays `ready`. */
  async failed(name: string, generation: number, problem: string): Promise<void> {
    await this.rows.update({ name, generation, state: 'fetching' }, { state: 'failed', problem });
  }

  async remove(name: string): Promise<boolean> {
    return (await this.rows.delete({ name })).affected === 1;
  }
}
