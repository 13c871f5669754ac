import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Env } from '../config/env.js';
import { type IssuedTokens, type TokenPair } from './auth.dto.js';

/** `__Host-`: the browser keeps it for this host only, over TLS only (or on localhost), unseen by scripts. [S12] */
const NAME = '__Host-mcp-server-refresh';
const ATTRIBUTES = 'Path=/; HttpOnly; Secure; SameSite=Strict';
const MAX_AGE_SECONDS = 30 * 86_400;

/** Does the request come from a page that may use this server: one of our own, or of ALLOWED_ORIGINS? */
function isFromAllowedPage(request: FastifyRequest, env: Env): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined || !URL.canParse(origin)) return false;
  return env.ALLOWED_ORIGINS.includes(origin) || new URL(origin).host === host;
}

/** Hands out tokens: a browser gets the refresh token only as a cookie, every other client in the body. */
export function deliver(
  tokens: IssuedTokens,
  request: FastifyRequest,
  reply: FastifyReply,
  env: Env,
): TokenPair {
  if (!isFromAllowedPage(request, env)) return tokens;
  const { refreshToken, ...rest } = tokens;
  reply.header('set-cookie', `${NAME}=${refreshToken}; ${ATTRIBUTES}; Max-Age=${MAX_AGE_SECONDS}`);
  return rest;
}

/** The refresh token of the cookie, read only for pages that may use this server. */
export function refreshCookie(request: FastifyRequest, env: Env): string | undefined {
  if (!isFromAllowedPage(request, env)) return undefined;
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${NAME}=`))?.slice(NAME.length + 1);
}

export function clearRefreshCookie(request: FastifyRequest, reply: FastifyReply, env: Env): void {
  if (isFromAllowedPage(request, env)) reply.header('set-cookie', `${NAME}=; ${ATTRIBUTES}; Max-Age=0`);
}
