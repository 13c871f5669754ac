import { Injectable } from '@nestjs/common';
import { type Transaction, Transactions } from '../platform/database/transactions.js';
import { type User } from './user.entity.js';
import { type NewUser, UsersRepository } from './users.repository.js';

/** Accounts, for the features that identify people (auth, privacy). What admins do with them is in UserAdminService. */
@Injectable()
export class UsersService {
  constructor(
    private readonly users: UsersRepository,
    private readonly transactions: Transactions,
  ) {}

  findById(id: string): Promise<User | null> {
    return this.users.findById(id);
  }

  findByIdWithPassword(id: string): Promise<User | null> {
    return this.users.findByIdWithPassword(id);
  }

  findByEmailWithPassword(email: string): Promise<User | null> {
    return this.users.findByEmailWithPassword(email);
  }

  /** Makes an account, together with what `alongside` writes. Throws `email_taken`. */
  create(user: NewUser, alongside?: (made: User, tx: Transaction) => Promise<void>): Promise<User> {
    return this.transactions.run(async (tx) => {
      const made = await this.users.insert(user, tx);
      await alongside?.(made, tx);
      return made;
    });
  }

  /** Sets the hash, together with what `alongside` writes. */
  setPasswordHash(
    id: string,
    passwordHash: string,
    alongside?: (tx: Transaction) => Promise<void>,
  ): Promise<void> {
    return this.transactions.run(async (tx) => {
      await this.users.update(id, { passwordHash }, tx);
      await alongside?.(tx);
    });
  }

  /** The oldest admin who is not disabled. */
  firstAdmin(): Promise<User | null> {
    return this.users.findFirstAdmin();
  }

  isEmpty(): Promise<boolean> {
    return this.users.isEmpty();
  }
}
