import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { ADVISORY_LOCKS } from '../../platform/database/advisory-locks.js';
import { type Transaction } from '../../platform/database/transactions.js';
import { SecretRow } from './secret.entity.js';

type Wrapping = Pick<SecretRow, 'keyId' | 'wrappedKey'>;

/** Names with a colon are the server's own (tokens of upstreams): no list shows them, no route reaches them. */
const LISTED = "name not like '%:%'";

@Injectable()
export class SecretsRepository {
  constructor(@InjectRepository(SecretRow) private readonly secrets: Repository<SecretRow>) {}

  find(name: string, tx?: Transaction): Promise<SecretRow | null> {
    return (tx?.getRepository(SecretRow) ?? this.secrets).findOneBy({ name });
  }

  /** The row of that name, locked, so that two writers give it two versions. */
  findLocked(name: string, tx: Transaction): Promise<SecretRow | null> {
    return tx.findOne(SecretRow, { where: { name }, lock: { mode: 'pessimistic_write' } });
  }

  async save(row: SecretRow, tx: Transaction): Promise<void> {
    await tx.upsert(SecretRow, row, ['name']);
  }

  /** One writer of a name at a time, also when there is no row yet. */
  async lockName(name: string, tx: Transaction): Promise<void> {
    await tx.query('select pg_advisory_xact_lock(hashtextextended($1, $2))', [
      name,
      ADVISORY_LOCKS.secretKey,
    ]);
  }

  /** By name, `take` of those after the name `after`. */
  list(after: string | undefined, take: number): Promise<SecretRow[]> {
    const query = this.secrets.createQueryBuilder('secret').where(LISTED);
    if (after !== undefined) query.andWhere('secret.name > :after', { after });
    return query.orderBy('secret.name').take(take).getMany();
  }

  async delete(name: string, tx?: Transaction): Promise<boolean> {
    const result =
      tx === undefined ? await this.secrets.delete({ name }) : await tx.delete(SecretRow, { name });
    return result.affected === 1;
  }

  /** Removes all of which the name starts with `prefix`. */
  async deletePrefixed(prefix: string, tx?: Transaction): Promise<void> {
    await (tx?.getRepository(SecretRow) ?? this.secrets)
      .createQueryBuilder()
      .delete()
      .where('starts_with(name, :prefix)', { prefix })
      .execute();
  }

  /** Secrets that another key than `keyId` protects, by id, `take` of those after the id `after`. */
  toRewrap(keyId: string, after: string | undefined, take: number): Promise<SecretRow[]> {
    const query = this.secrets.createQueryBuilder('secret').where('secret.keyId <> :keyId', { keyId });
    if (after !== undefined) query.andWhere('secret.id > :after', { after });
    return query.orderBy('secret.id').take(take).getMany();
  }

  /** Writes the new wrapping unless the row was stored again meanwhile. */
  async rewrap(row: SecretRow, wrapping: Wrapping): Promise<boolean> {
    const { id, version, keyId } = row;
    return (await this.secrets.update({ id, version, keyId }, wrapping)).affected === 1;
  }
}
