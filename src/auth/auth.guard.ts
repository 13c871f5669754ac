import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { requireScopes } from '../common/access.js';
import { type Actor, type Scope } from '../common/actor.js';
import { AppError } from '../common/app-error.js';
import { PUBLIC_ROUTE } from '../common/public.decorator.js';
import { REQUIRED_SCOPES } from '../common/scopes.decorator.js';
import { ENV, type Env, publicUrl } from '../config/env.js';
import { addressKey } from '../platform/rate-limit/address-key.js';
import { RequestLimit } from '../platform/rate-limit/request-limit.js';
import { AuthErrors } from './auth.errors.js';
import { AuthService } from './auth.service.js';
import { type Door } from './tokens.service.js';

/** What an MCP client is told to ask for: the door, and what it needs to see and call tools. */
const MCP_SCOPES: readonly Scope[] = ['mcp', 'tools:read', 'tools:call'];

type AuthenticatedRequest = FastifyRequest & { actor?: Actor };

/** The global guard: every route needs a credential unless it is `@Public()`, and the scopes that it names. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly auth: AuthService,
    private readonly limit: RequestLimit,
    @Inject(ENV) private readonly env: Env,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const targets = [context.getHandler(), context.getClass()];
    const isPublic = this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, targets) === true;
    const scopes = this.reflector.getAllAndOverride<Scope[] | undefined>(REQUIRED_SCOPES, targets) ?? [];
    try {
      request.actor = await this.identify(request, reply, isPublic);
      if (request.actor !== undefined) requireScopes(request.actor, ...scopes);
      return true;
    } catch (error) {
      if (error instanceof AppError) this.challenge(reply, error, doorOf(request), scopes);
      throw error;
    }
  }

  /**
   * The caller; undefined only on a public route, where a bad credential counts as none. Everyone has a limit of
   * requests: a known caller as himself, the others by their address.
   */
  private async identify(
    request: FastifyRequest,
    reply: FastifyReply,
    isPublic: boolean,
  ): Promise<Actor | undefined> {
    let actor: Actor | undefined;
    let failure: unknown;
    try {
      actor = await this.authenticate(request);
    } catch (error) {
      failure = error;
    }
    const caller = actor === undefined ? `address:${addressKey(request.ip)}` : `user:${actor.userId}`;
    if (!isHealth(request)) await this.limit.take(caller, reply);
    if (actor === undefined && !isPublic) throw failure;
    return actor;
  }

  private async authenticate(request: FastifyRequest): Promise<Actor> {
    const credential = bearer(request);
    if (credential === undefined) throw AuthErrors.unauthenticated();
    return this.auth.authenticate(credential, doorOf(request));
  }

  /** RFC 6750 section 3 (no error attribute when no credential was sent), RFC 9728 section 5.1 on the MCP door. */
  private challenge(reply: FastifyReply, error: AppError, door: Door, needed: readonly Scope[]): void {
    if (error.kind !== 'unauthenticated' && error.code !== 'insufficient_scope') return;
    const scopes = door === 'mcp' ? [...new Set([...MCP_SCOPES, ...needed])] : needed;
    const attributes = [
      ...(error.code === 'unauthenticated' ? [] : [`error="${error.code}"`]),
      ...(scopes.length > 0 ? [`scope="${scopes.join(' ')}"`] : []),
      ...(door === 'mcp'
        ? [`resource_metadata="${publicUrl(this.env)}/.well-known/oauth-protected-resource/mcp"`]
        : []),
    ];
    reply.header('www-authenticate', `Bearer ${attributes.join(', ')}`.trimEnd());
  }
}

/** The bearer token (RFC 6750 section 2.1); never from the URL or a body. */
function bearer(request: FastifyRequest): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

/** Probes come often, from one address. */
function isHealth(request: FastifyRequest): boolean {
  return /^\/health(?:\/|$)/.test(request.routeOptions.url ?? '');
}

/** By the route that matched, not by the text of the URL: `/%6dcp` leads to the MCP door too. */
function doorOf(request: FastifyRequest): Door {
  return /^\/mcp(?:\/|$)/.test(request.routeOptions.url ?? '') ? 'mcp' : 'api';
}
