import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.service.js';
import { requireScopes } from '../common/access.js';
import { type Actor } from '../common/actor.js';
import { type Page, type PageQuery } from '../common/page.js';
import { Transactions } from '../platform/database/transactions.js';
import { Cursors } from '../platform/secrets/cursors.js';
import { refuseCommon } from './password-policy.js';
import { hashPassword } from './passwords.js';
import { type User } from './user.entity.js';
import { type NewUserRequest, type UserChange } from './users.dto.js';
import { UserErrors } from './users.errors.js';
import { type UserPatch, UsersRepository } from './users.repository.js';

export type UserView = Omit<User, 'passwordHash' | 'disabledAt'> & { readonly disabled: boolean };

/** What admins do with accounts. */
@Injectable()
export class UserAdminService {
  constructor(
    private readonly users: UsersRepository,
    private readonly transactions: Transactions,
    private readonly cursors: Cursors,
    private readonly audit: AuditLog,
  ) {}

  async list(actor: Actor, query: PageQuery): Promise<Page<UserView>> {
    requireScopes(actor, 'admin');
    const before = this.cursors.read('users', query.cursor);
    const rows = (await this.users.list(before, query.limit + 1)).map(view);
    return this.cursors.page('users', rows, query.limit, (row) => row.id);
  }

  /** Throws `user_not_found`. */
  async get(actor: Actor, id: string): Promise<UserView> {
    requireScopes(actor, 'admin');
    const user = await this.users.findById(id);
    if (user === null) throw UserErrors.user_not_found();
    return view(user);
  }

  /** Makes an account. Throws `email_taken`, `password_common`. */
  async create(actor: Actor, request: NewUserRequest): Promise<UserView> {
    requireScopes(actor, 'admin');
    const { email, name = null, role, password } = request;
    refuseCommon(password, email);
    const passwordHash = await hashPassword(password);
    return this.transactions.run(async (tx) => {
      const user = await this.users.insert({ email, name, role, passwordHash }, tx);
      await this.audit.record(actor, 'user.created', { type: 'user', id: user.id }, { role }, tx);
      return view(user);
    });
  }

  /** Changes name, role, or whether the account may be used. Throws `user_not_found`, `own_role`, `last_admin`. */
  async change(actor: Actor, id: string, change: UserChange): Promise<UserView> {
    requireScopes(actor, 'admin');
    await this.transactions.run(async (tx) => {
      const { user, otherAdmins } = await this.users.lockWithAdmins(id, tx);
      if (user === null) throw UserErrors.user_not_found();
      const patch = patchOf(user, change);
      if (Object.keys(patch).length === 0) return;
      if (patch.role !== undefined && id === actor.userId) throw UserErrors.own_role();
      const losesAdmin = patch.role === 'member' || (patch.disabledAt ?? null) !== null;
      if (isActiveAdmin(user) && losesAdmin && otherAdmins === 0) throw UserErrors.last_admin();
      await this.users.update(id, patch, tx);
      const { role, disabled } = change;
      await this.audit.record(actor, 'user.changed', { type: 'user', id }, { role, disabled }, tx);
    });
    return this.get(actor, id);
  }

  /** Removes an account with all that is its own. Throws `user_not_found`, `last_admin`. */
  async remove(actor: Actor, id: string): Promise<void> {
    requireScopes(actor, 'admin');
    await this.transactions.run(async (tx) => {
      const { user, otherAdmins } = await this.users.lockWithAdmins(id, tx);
      if (user === null) throw UserErrors.user_not_found();
      if (isActiveAdmin(user) && otherAdmins === 0) throw UserErrors.last_admin();
      await this.users.delete(id, tx);
      await this.audit.record(actor, 'user.deleted', { type: 'user', id }, {}, tx);
    });
  }
}

function isActiveAdmin(user: User): boolean {
  return user.role === 'admin' && user.disabledAt === null;
}

/** Only what differs from the row. */
function patchOf(user: User, change: UserChange): UserPatch {
  const { name, role, disabled } = change;
  return {
    ...(name !== undefined && name !== user.name && { name }),
    ...(role !== undefined && role !== user.role && { role }),
    ...(disabled !== undefined &&
      disabled !== (user.disabledAt !== null) && { disabledAt: disabled ? new Date() : null }),
  };
}

function view({ disabledAt, ...user }: User): UserView {
  return { ...user, disabled: disabledAt !== null };
}
