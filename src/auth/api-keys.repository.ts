import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, Repository } from 'typeorm';
import { type Role, type Scope } from '../common/actor.js';
import { SharedStatement } from '../platform/database/shared-statement.js';
import { type Transaction } from '../platform/database/transactions.js';
import { ApiKey } from './api-key.entity.js';

export interface KeyWithOwner {
  readonly id: string;
  readonly scopes: Scope[];
  readonly userId: string;
  readonly role: Role;
  /** Was the last use written more than a minute ago? */
  readonly stale: boolean;
}

@Injectable()
export class ApiKeysRepository {
  private readonly finder = new SharedStatement<readonly string[], KeyWithOwner | undefined>({
    run: (asked) => this.findAll(asked),
  });

  constructor(@InjectRepository(ApiKey) private readonly keys: Repository<ApiKey>) {}

  async insert(key: ApiKey, tx: Transaction): Promise<void> {
    await tx.insert(ApiKey, key);
  }

  /** Counts the keys of a user; the user's row stays locked, so that two callers cannot both take the last place. */
  async countLocked(userId: string, tx: Transaction): Promise<number> {
    await tx.query('select 1 from users where id = $1 for update', [userId]);
    return tx.countBy(ApiKey, { userId });
  }

  /** Newest first, after the key `before`. */
  list(userId: string, before: string | undefined, take: number): Promise<ApiKey[]> {
    return this.keys.find({
      where: { userId, ...(before !== undefined && { id: LessThan(before) }) },
      order: { id: 'DESC' },
      take,
    });
  }

  /** Was there such a key of this user? */
  async delete(userId: string, id: string, tx: Transaction): Promise<boolean> {
    return (await tx.delete(ApiKey, { userId, id })).affected === 1;
  }

  async deleteNamed(userId: string, name: string, tx: Transaction): Promise<void> {
    await tx.delete(ApiKey, { userId, name });
  }

  /** A key that has not ended, with its owner who is not disabled, by any of the hashes it may have. */
  findUsable(hashes: readonly string[]): Promise<KeyWithOwner | undefined> {
    return this.finder.join(hashes);
  }

  private async findAll(asked: readonly (readonly string[])[]): Promise<(KeyWithOwner | undefined)[]> {
    const rows = await this.keys.query<(KeyWithOwner & { hash: string })[]>(
      `select k.key_hash as hash, k.id, k.scopes, k.user_id as "userId", u.role,
              coalesce(k.last_used_at < now() - interval '1 minute', true) as stale
         from api_keys k join users u on u.id = k.user_id
        where k.key_hash = any($1) and (k.expires_at is null or k.expires_at > now()) and u.disabled_at is null`,
      [asked.flat()],
    );
    return asked.map((hashes) => rows.find(({ hash }) => hashes.includes(hash)));
  }

  async touch(id: string): Promise<void> {
    await this.keys.query(
      `update api_keys set last_used_at = now()
        where id = $1 and coalesce(last_used_at < now() - interval '1 minute', true)`,
      [id],
    );
  }
}
