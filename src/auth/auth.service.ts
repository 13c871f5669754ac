import { Injectable } from '@nestjs/common';
import { type Actor, scopesOf } from '../common/actor.js';
import { type LoginOrigin, SessionsService } from '../sessions/sessions.service.js';
import { type User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { type LoginRequest, type TokenPair } from './auth.dto.js';
import { AuthErrors } from './auth.errors.js';
import { checkPassword } from './passwords.js';
import { ACCESS_TOKEN_SECONDS, type Door, TokensService } from './tokens.service.js';

@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly tokens: TokensService,
  ) {}

  /** Opens a session. The same error, after the same time, whether the user or the password is wrong. */
  async login(credentials: LoginRequest, origin: LoginOrigin): Promise<TokenPair> {
    const user = await this.users.findByEmailWithPassword(credentials.email);
    const matches = await checkPassword(credentials.password, user?.passwordHash);
    if (user === null || !matches || user.disabledAt !== null) throw AuthErrors.invalid_credentials();
    const { session, refreshToken } = await this.sessions.open(user.id, origin);
    const accessToken = await this.tokens.issue(user.id, session.id);
    return {
      accessToken,
      tokenType: 'Bearer',
      expiresIn: ACCESS_TOKEN_SECONDS,
      refreshToken,
      sessionId: session.id,
    };
  }

  /** Who holds this credential. Throws `invalid_token`. */
  async authenticate(credential: string, door: Door): Promise<Actor> {
    const claims = await this.tokens.verify(credential, door);
    const [user, open] = await Promise.all([
      this.users.findById(claims.sub),
      this.sessions.isOpen(claims.sid),
    ]);
    if (user === null || user.disabledAt !== null || !open) throw AuthErrors.invalid_token();
    return { userId: user.id, role: user.role, scopes: scopesOf(user.role), sessionId: claims.sid };
  }

  async me(actor: Actor): Promise<User & { scopes: string[] }> {
    const user = await this.users.findById(actor.userId);
    if (user === null) throw AuthErrors.invalid_token();
    return { ...user, scopes: [...actor.scopes] };
  }
}
