import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { CommonErrors } from '../../common/common.errors.js';
import { type Env, isLoopback, publicUrl } from '../../config/env.js';
import { type Draining } from './draining.js';
import { jsonRpcRoute } from './json-rpc.js';

/**
 * What every request passes before routing: one Host that we serve (DNS rebinding), an ordinary request target,
 * an allowed Origin on JSON-RPC routes, and no new work while the process drains. Health routes are exempt from the Host check: probes use addresses.
 */
export function gateRequests(fastify: FastifyInstance, env: Env, draining: Draining): void {
  const hosts = allowedHosts(env);
  const origins = new Set([publicUrl(env), ...env.ALLOWED_ORIGINS].map((origin) => origin.toLowerCase()));
  fastify.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
    reply.header('x-request-id', request.id);
    if (!request.raw.url?.startsWith('/'))
      return done(CommonErrors.invalid_request('The request target must be a path.'));
    const isHealth = /^\/health(?:[/?]|$)/.test(request.url);
    if (hostHeaders(request) > 1) return done(CommonErrors.invalid_request('Send exactly one Host header.'));
    if (!isHealth && !servesHost(hosts, request.headers.host)) return done(CommonErrors.host_not_allowed());
    const { origin } = request.headers;
    if (origin !== undefined && jsonRpcRoute(request) !== undefined && !servesOrigin(origins, env, origin))
      return done(CommonErrors.origin_not_allowed());
    if (draining.active && !isHealth && request.method !== 'GET' && request.method !== 'HEAD') {
      return done(CommonErrors.draining(undefined, { retryAfter: 5 }));
    }
    if (!isHealth) reply.header('cache-control', 'no-store');
    done();
  });
}

function hostHeaders(request: FastifyRequest): number {
  return request.raw.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host')
    .length;
}

/** Names without a port: the server may sit behind any port mapping. */
function allowedHosts(env: Env): ReadonlySet<string> {
  const names = [
    new URL(publicUrl(env)).hostname,
    env.HOST,
    ...env.ALLOWED_HOSTS.map((host) => hostname(host)),
  ];
  if (isLoopback(env.HOST)) names.push('localhost', '127.0.0.1', '[::1]');
  return new Set(names.map((name) => name.toLowerCase()));
}

function servesHost(hosts: ReadonlySet<string>, header: string | undefined): boolean {
  if (header === undefined) return false;
  const name = hostname(header);
  return name !== '' && hosts.has(name.toLowerCase());
}

/** Browsers may come from listed origins; on a loopback HOST also from a page of this machine (MCP Inspector). [S42] */
function servesOrigin(origins: ReadonlySet<string>, env: Env, origin: string): boolean {
  if (origins.has(origin.toLowerCase())) return true;
  const local = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;
  return isLoopback(env.HOST) && local.test(origin);
}

/** `example.org:8000` → `example.org`, `[::1]:8000` → `[::1]`; '' for anything that is not host[:port]. */
function hostname(header: string): string {
  return /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/.exec(header)?.[1] ?? '';
}
