import { Injectable } from '@nestjs/common';
import { type Transaction } from '../platform/database/transactions.js';
import { type User } from './user.entity.js';
import { type NewUser, UsersRepository } from './users.repository.js';

/** Accounts, for the features that identify people (auth, privacy). What admins do with them is in UserAdminService. */
@Injectable()
export class UsersService {
  constructor(private readonly users: UsersRepository) {}

  findById(id: string): Promise<User | null> {
    return this.users.findById(id);
  }

  findByIdWithPassword(id: string): Promise<User | null> {
    return this.users.findByIdWithPassword(id);
  }

  findByEmailWithPassword(email: string): Promise<User | null> {
    return this.users.findByEmailWithPassword(email);
  }

  /** Throws `email_taken`. */
  create(user: NewUser): Promise<User> {
    return this.users.insert(user);
  }

  setPasswordHash(id: string, passwordHash: string, tx?: Transaction): Promise<void> {
    return this.users.update(id, { passwordHash }, tx);
  }

  /** The oldest admin who is not disabled. */
  firstAdmin(): Promise<User | null> {
    return this.users.findFirstAdmin();
  }

  isEmpty(): Promise<boolean> {
    return this.users.isEmpty();
  }
}
