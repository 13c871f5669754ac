import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Repository } from 'typeorm';
import { newId } from '../common/ids.js';
import { User } from './user.entity.js';

export type NewUser = Pick<User, 'email' | 'name' | 'role' | 'passwordHash'>;

@Injectable()
export class UsersRepository {
  constructor(@InjectRepository(User) private readonly users: Repository<User>) {}

  findById(id: string): Promise<User | null> {
    return this.users.findOneBy({ id });
  }

  /** The only read that includes the password hash. */
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

  async insert(user: NewUser): Promise<User> {
    const row = this.users.create({ id: newId(), disabledAt: null, ...user });
    await this.users.insert(row);
    return row;
  }

  async isEmpty(): Promise<boolean> {
    return !(await this.users.exists());
  }
}
