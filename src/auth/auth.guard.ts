import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Actor, type Scope } from '../common/actor.js';
import { AppError } from '../common/app-error.js';
import { PUBLIC_ROUTE } from '../common/public.decorator.js';
import { REQUIRED_SCOPES } from '../common/scopes.decorator.js';
import { AuthErrors } from './auth.errors.js';
import { AuthService } from './auth.service.js';
import { type Door } from './tokens.service.js';

/** The global guard: every route needs a credential unless it is `@Public()`, and the scopes that it names. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly auth: AuthService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest & { actor?: Actor }>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const targets = [context.getHandler(), context.getClass()];
    const isPublic = this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, targets) === true;
    const scopes = this.reflector.getAllAndOverride<Scope[] | undefined>(REQUIRED_SCOPES, targets) ?? [];
    const credential = bearer(request);
    if (credential === undefined && isPublic) return true;
    try {
      if (credential === undefined) throw AuthErrors.unauthenticated();
      request.actor = await this.auth.authenticate(credential, doorOf(request));
    } catch (error) {
      if (isPublic) return true;
      if (error instanceof AppError && error.kind === 'unauthenticated')
        reply.header('www-authenticate', challenge(error));
      throw error;
    }
    const missing = scopes.filter((scope) => request.actor?.scopes.has(scope) !== true);
    if (missing.length > 0) {
      reply.header('www-authenticate', `Bearer error="insufficient_scope", scope="${missing.join(' ')}"`);
      throw AuthErrors.insufficient_scope(`The credential lacks the scope ${missing.join(', ')}.`);
    }
    return true;
  }
}

/** The bearer token (RFC 6750 section 2.1); never from the URL or a body. */
function bearer(request: FastifyRequest): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

function doorOf(request: FastifyRequest): Door {
  return /^\/mcp(?:[/?]|$)/.test(request.url) ? 'mcp' : 'api';
}

/** RFC 6750 section 3: no error attribute when no credential was sent. */
function challenge(error: AppError): string {
  return error.code === 'unauthenticated' ? 'Bearer' : 'Bearer error="invalid_token"';
}
