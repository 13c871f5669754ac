import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { MoreThan, Repository } from 'typeorm';
import { ADVISORY_LOCKS } from '../platform/database/advisory-locks.js';
import { type Transaction } from '../platform/database/transactions.js';
import { CHAIN_START, chainHash } from './audit-chain.js';
import { AuditEntry, type AuditRecord } from './audit-entry.entity.js';

@Injectable()
export class AuditRepository {
  constructor(@InjectRepository(AuditEntry) private readonly entries: Repository<AuditEntry>) {}

  /** Adds entries at the end of the chain, in order. The chain stays locked until the transaction ends. */
  async append(records: readonly AuditRecord[], tx: Transaction): Promise<void> {
    await tx.query('select pg_advisory_xact_lock($1)', [ADVISORY_LOCKS.auditChain]);
    const [last] = await tx.find(AuditEntry, { order: { sequence: 'DESC' }, take: 1 });
    let { sequence, hash } = last ?? { sequence: 0, hash: CHAIN_START };
    const rows = records.map((record) => {
      sequence += 1;
      hash = chainHash(hash, sequence, record);
      return { ...record, sequence, hash };
    });
    await tx.insert(AuditEntry, rows as never);
  }

  after(sequence: number, take: number): Promise<AuditEntry[]> {
    return this.entries.find({ where: { sequence: MoreThan(sequence) }, order: { sequence: 'ASC' }, take });
  }
}
