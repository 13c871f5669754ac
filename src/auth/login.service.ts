import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.service.js';
import { type Actor } from '../common/actor.js';
import { type LoginOrigin, RefreshTokens } from '../sessions/refresh-tokens.service.js';
import { type Session } from '../sessions/session.entity.js';
import { checkPassword, hashPassword, isOutdated } from '../users/passwords.js';
import { type User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { type IssuedTokens, type LoginRequest } from './auth.dto.js';
import { AuthErrors } from './auth.errors.js';
import { LoginAttempts } from './login-attempts.service.js';
import { ACCESS_TOKEN_SECONDS, TokensService } from './tokens.service.js';

/** Passwords for tokens, refresh tokens for the next ones. */
@Injectable()
export class LoginService {
  constructor(
    private readonly users: UsersService,
    private readonly refreshTokens: RefreshTokens,
    private readonly tokens: TokensService,
    private readonly attempts: LoginAttempts,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Opens a session. The same error `invalid_credentials`, after the same time, whether the user or the password is
   * wrong or the account is disabled; `rate_limited` after too many. [S16] [S17]
   */
  async login(credentials: LoginRequest, origin: LoginOrigin): Promise<IssuedTokens> {
    const { email, password } = credentials;
    const user = await this.attempts.attempt(email, origin.ip, () => this.prove(email, password, origin));
    const { session, refreshToken } = await this.refreshTokens.open(user.id, origin);
    await this.audit.record(ownerOf(user, session), 'login.succeeded', target(user), { ip: origin.ip });
    return this.answer(session, refreshToken);
  }

  /** The next pair of tokens. Throws `invalid_refresh_token`, `refresh_reuse`. */
  refresh(refreshToken: string): Promise<IssuedTokens> {
    return this.refreshTokens.rotate(refreshToken, (session, next) => this.answer(session, next));
  }

  private async prove(email: string, password: string, origin: LoginOrigin): Promise<User> {
    const user = await this.users.findByEmailWithPassword(email);
    const matches = await checkPassword(password, user?.passwordHash);
    if (user === null || !matches || user.disabledAt !== null) {
      await this.audit.record(null, 'login.failed', target(user), { ip: origin.ip });
      throw AuthErrors.invalid_credentials();
    }
    if (isOutdated(user.passwordHash))
      await this.users.setPasswordHash(user.id, await hashPassword(password));
    return user;
  }

  private async answer(session: Session, refreshToken: string): Promise<IssuedTokens> {
    return {
      accessToken: await this.tokens.issue(session.userId, session.id),
      tokenType: 'Bearer',
      expiresIn: ACCESS_TOKEN_SECONDS,
      refreshToken,
      sessionId: session.id,
    };
  }
}

function ownerOf(user: User, session: Session): Actor {
  return { userId: user.id, role: user.role, scopes: new Set(), sessionId: session.id };
}

function target(user: User | null): { type: string; id: string } {
  return { type: 'user', id: user?.id ?? 'unknown' };
}
