import { Inject, Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.service.js';
import { requireAccountAccess } from '../common/access.js';
import { type Actor } from '../common/actor.js';
import { ENV, type Env } from '../config/env.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { refuseCommon } from '../users/password-policy.js';
import { checkPassword, hashPassword } from '../users/passwords.js';
import { type User } from '../users/user.entity.js';
import { type NewAccount } from '../users/users.dto.js';
import { UsersService } from '../users/users.service.js';
import { type PasswordChange } from './auth.dto.js';
import { AuthErrors } from './auth.errors.js';
import { LoginAttempts } from './login-attempts.service.js';

/** What people do with their own account. */
@Injectable()
export class AccountService {
  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly attempts: LoginAttempts,
    private readonly audit: AuditLog,
    @Inject(ENV) private readonly env: Env,
  ) {}

  /**
   * Makes an account for whoever asks. Throws `registration_closed`, `password_common`, `rate_limited`, `email_taken`.
   * The last one tells that an address has an account; so would the next login, as no mail confirms addresses here.
   */
  async register(request: NewAccount, ip: string | null): Promise<User & { disabled: boolean }> {
    if (this.env.REGISTRATION !== 'open') throw AuthErrors.registration_closed();
    const { email, password, name = null } = request;
    refuseCommon(password, email);
    await this.attempts.registration(ip);
    const passwordHash = await hashPassword(password);
    const user = await this.users.create({ email, name, role: 'member', passwordHash }, ({ id }, tx) =>
      this.audit.record(null, 'user.registered', { type: 'user', id }, { ip }, tx),
    );
    return { ...user, disabled: false };
  }

  /**
   * Sets a new password and ends all other sessions. Throws `wrong_password`, `password_common`, and `rate_limited`
   * after too many wrong ones.
   */
  async changePassword(actor: Actor, change: PasswordChange, ip: string | null): Promise<void> {
    requireAccountAccess(actor);
    const user = await this.users.findByIdWithPassword(actor.userId);
    if (user === null) throw AuthErrors.invalid_token();
    refuseCommon(change.newPassword, user.email);
    await this.attempts.attempt(user.email, ip, async () => {
      if (!(await checkPassword(change.currentPassword, user.passwordHash)))
        throw AuthErrors.wrong_password();
    });
    const passwordHash = await hashPassword(change.newPassword);
    await this.users.setPasswordHash(user.id, passwordHash, async (tx) => {
      await this.sessions.endOthers(actor, tx);
      await this.audit.record(actor, 'password.changed', { type: 'user', id: user.id }, {}, tx);
    });
  }
}
