import { Injectable } from '@nestjs/common';
import { type User } from './user.entity.js';
import { type NewUser, UsersRepository } from './users.repository.js';

/** Accounts. What needs a password or a token is in auth/. */
@Injectable()
export class UsersService {
  constructor(private readonly users: UsersRepository) {}

  findById(id: string): Promise<User | null> {
    return this.users.findById(id);
  }

  findByEmailWithPassword(email: string): Promise<User | null> {
    return this.users.findByEmailWithPassword(email);
  }

  create(user: NewUser): Promise<User> {
    return this.users.insert(user);
  }

  /** The oldest admin who is not disabled. */
  firstAdmin(): Promise<User | null> {
    return this.users.findFirstAdmin();
  }

  isEmpty(): Promise<boolean> {
    return this.users.isEmpty();
  }
}
