import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, LessThan, Repository } from 'typeorm';
import { newId } from '../common/ids.js';
import { databaseState } from '../platform/database/database-error.js';
import { type Transaction } from '../platform/database/transactions.js';
import { User } from './user.entity.js';
import { UserErrors } from './users.errors.js';

export type NewUser = Pick<User, 'email' | 'name' | 'role' | 'passwordHash'>;
export type UserPatch = Partial<Pick<User, 'name' | 'role' | 'disabledAt' | 'passwordHash'>>;

const UNIQUE_VIOLATION = '23505';

@Injectable()
export class UsersRepository {
  constructor(@InjectRepository(User) private readonly users: Repository<User>) {}

  findById(id: string): Promise<User | null> {
    return this.users.findOneBy({ id });
  }

  /** With the password hash, like the next one; no other read includes it. */
  findByIdWithPassword(id: string): Promise<User | null> {
    return this.users.createQueryBuilder('user').addSelect('user.passwordHash').where({ id }).getOne();
  }

  findByEmailWithPassword(email: string): Promise<User | null> {
    return this.users
      .createQueryBuilder('user')
      .addSelect('user.passwordHash')
      .where('lower(user.email) = lower(:email)', { email })
      .getOne();
  }

  findFirstAdmin(): Promise<User | null> {
    return this.users.findOne({ where: { role: 'admin', disabledAt: IsNull() }, order: { id: 'ASC' } });
  }

  /** Newest first, after the user `before`. */
  list(before: string | undefined, take: number): Promise<User[]> {
    return this.users.find({
      where: before === undefined ? {} : { id: LessThan(before) },
      order: { id: 'DESC' },
      take,
    });
  }

  /** Throws `email_taken`. */
  async insert(user: NewUser, tx: Transaction): Promise<User> {
    const row = this.users.create({ id: newId(), disabledAt: null, ...user });
    try {
      await tx.insert(User, row);
    } catch (error) {
      if (databaseState(error) === UNIQUE_VIOLATION)
        throw UserErrors.email_taken(undefined, { cause: error });
      throw error;
    }
    return row;
  }

  async isEmpty(): Promise<boolean> {
    return !(await this.users.exists());
  }

  /** Locks a user, and all admins who are not disabled, so that two changes cannot remove the last two admins. */
  async lockWithAdmins(id: string, tx: Transaction): Promise<{ user: User | null; otherAdmins: number }> {
    const rows = await tx
      .createQueryBuilder(User, 'user')
      .setLock('pessimistic_write')
      .where(`user.id = :id or (user.role = 'admin' and user.disabledAt is null)`, { id })
      .orderBy('user.id')
      .getMany();
    const user = rows.find((row) => row.id === id) ?? null;
    return { user, otherAdmins: rows.filter((row) => row.id !== id).length };
  }

  async update(id: string, patch: UserPatch, tx: Transaction): Promise<void> {
    await tx.update(User, { id }, patch);
  }

  async delete(id: string, tx: Transaction): Promise<void> {
    await tx.delete(User, { id });
  }
}
