import { Injectable } from '@nestjs/common';
import { requireScopes } from '../common/access.js';
import { type Actor, scopesOf } from '../common/actor.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { type User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { ApiKeysService } from './api-keys.service.js';
import { AuthErrors } from './auth.errors.js';
import { type Door, TokensService } from './tokens.service.js';

/** Who asks: from a credential to an actor. */
@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly tokens: TokensService,
    private readonly keys: ApiKeysService,
  ) {}

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

  /** The account of the caller, with the role and scopes that the credential acts with. */
  async me(actor: Actor): Promise<User & { scopes: string[] }> {
    const user = await this.users.findById(actor.userId);
    if (user === null) throw AuthErrors.invalid_token();
    return { ...user, role: actor.role, scopes: [...actor.scopes] };
  }

  private async authenticateToken(token: string, door: Door): Promise<Actor> {
    const { sub, sid } = await this.tokens.verify(token, door);
    const owner = await this.sessions.findOwner(sid, sub);
    if (owner === undefined) throw AuthErrors.invalid_token();
    return { userId: sub, role: owner.role, scopes: scopesOf(owner.role), sessionId: sid };
  }
}
