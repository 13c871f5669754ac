import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { ADVISORY_LOCKS } from '../platform/database/advisory-locks.js';
import { type Transaction, Transactions } from '../platform/database/transactions.js';
import { ToolRow } from './tool.entity.js';
import { type ToolContract, ToolVersion } from './tool-version.entity.js';

/** A definition as a version holds it. */
export interface Definition {
  readonly contract: ToolContract;
  readonly source: Readonly<Record<string, unknown>>;
  readonly hash: string;
}

/** What an admin writes: tools one by one, their versions, and which version is in use. */
@Injectable()
export class ToolEditsRepository {
  constructor(
    @InjectRepository(ToolVersion) private readonly toolVersions: Repository<ToolVersion>,
    private readonly transactions: Transactions,
  ) {}

  /** Runs one change of one tool, alone among all changes. `work` gets the row, null when there is no such tool. */
  change<T>(name: string, work: (row: ToolRow | null, transaction: Transaction) => Promise<T>): Promise<T> {
    return this.transactions.run(async (transaction) => {
      await transaction.query('select pg_advisory_xact_lock($1)', [ADVISORY_LOCKS.toolRegistry]);
      return work(await transaction.findOneBy(ToolRow, { name }), transaction);
    });
  }

  /** Adds a tool as version 1. False when the name is taken. */
  async insert(
    row: Partial<ToolRow>,
    { contract, source, hash }: Definition,
    tx: Transaction,
  ): Promise<boolean> {
    await tx.query('select pg_advisory_xact_lock($1)', [ADVISORY_LOCKS.toolRegistry]);
    const { name } = contract;
    if (await tx.existsBy(ToolRow, { name })) return false;
    await tx.insert(ToolRow, { ...row, name, setId: null, source, version: 1, state: 'active' } as never);
    await tx.insert(ToolVersion, { tool: name, version: 1, definition: contract, source, hash } as never);
    return true;
  }

  /** Puts a definition in use, as a new version unless there is one like it. Gives its number. */
  async use(name: string, { contract, source, hash }: Definition, tx: Transaction): Promise<number> {
    const same = await tx.findOneBy(ToolVersion, { tool: name, hash });
    const version = same?.version ?? ((await tx.maximum(ToolVersion, 'version', { tool: name })) ?? 0) + 1;
    if (same === null)
      await tx.insert(ToolVersion, { tool: name, version, definition: contract, source, hash } as never);
    await this.update(name, { version, source }, tx);
    return version;
  }

  async update(name: string, change: Partial<ToolRow>, tx: Transaction): Promise<void> {
    await tx.update(ToolRow, { name }, { ...change, updatedAt: () => 'now()' } as never);
  }

  async remove(name: string, tx: Transaction): Promise<void> {
    await tx.delete(ToolRow, { name });
  }

  version(tool: string, version: number, tx?: Transaction): Promise<ToolVersion | null> {
    const repository = tx?.getRepository(ToolVersion) ?? this.toolVersions;
    return repository.findOneBy({ tool, version });
  }
}
