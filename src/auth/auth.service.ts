import { Injectable } from '@nestjs/common';
import { requireScopes } from '../common/access.js';
import { type Actor, scopesOf } from '../common/actor.js';
import { type LoginOrigin, SessionsService } from '../sessions/sessions.service.js';
import { type User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { ApiKeysService } from './api-keys.service.js';
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
    private readonly keys: ApiKeysService,
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

  /**
   * Who holds this credential, an access token or an API key. Throws `invalid_token`, and on the MCP door
   * `insufficient_scope` for a key without `mcp`.
   */
  async authenticate(credential: string, door: Door): Promise<Actor> {
    const actor = credential.startsWith('mcp_')
      ? await this.keys.authenticate(credential)
      : await this.authenticateToken(credential, door);
    if (door === 'mcp') requireScopes(actor, 'mcp');
    return actor;
  }

  private async authenticateToken(token: string, door: Door): Promise<Actor> {
    const claims = await this.tokens.verify(token, door);
    const [user, open] = await Promise.all([
      this.users.findById(claims.sub),
      this.sessions.isOpen(claims.sid),
    ]);
    if (user === null || user.disabledAt !== null || !open) throw AuthErrors.invalid_token();
    return { userId: user.id, role: user.role, scopes: scopesOf(user.role), sessionId: claims.sid };
  }

  /** The account of the caller, with the role and scopes that the credential acts with. */
  async me(actor: Actor): Promise<User & { scopes: string[] }> {
    const user = await this.users.findById(actor.userId);
    if (user === null) throw AuthErrors.invalid_token();
    return { ...user, role: actor.role, scopes: [...actor.scopes] };
  }
}
