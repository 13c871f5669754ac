import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Actor } from '../common/actor.js';
import { type AppError } from '../common/app-error.js';
import { type JsonRpcId, jsonRpcErrorBody } from '../platform/http/json-rpc.js';
import { STATUS } from '../platform/http/problem.filter.js';

/** One HTTP exchange at /mcp, in web terms: both SDKs take a Request and give a Response. */
export interface HttpExchange {
  readonly actor: Actor;
  readonly request: Request;
  /** The parsed body of a POST. */
  readonly body: unknown;
  /** Calls back once when the answer has been sent, or the client is gone. */
  onClosed(listener: () => void): void;
}

/** The caller as the SDKs carry him to their handlers. The credential stays outside. [S44] */
export function authInfo(actor: Actor) {
  return { token: '', clientId: actor.userId, scopes: [...actor.scopes], extra: { actor } };
}

/** The caller that `authInfo` put in. */
export function actorOf(info: { readonly extra?: Record<string, unknown> } | undefined): Actor {
  const actor = info?.extra?.actor as Actor | undefined;
  if (actor === undefined) throw new Error('A request came without its actor');
  return actor;
}

export function openExchange(
  request: FastifyRequest & { actor?: Actor },
  reply: FastifyReply,
  body: unknown,
  publicUrl: string,
): HttpExchange {
  const { actor } = request;
  if (actor === undefined) throw new Error('The guard let a request through without an actor');
  const gone = new AbortController();
  const response = reply.raw;
  response.on('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  if (response.destroyed) gone.abort();
  return {
    actor,
    body,
    request: new Request(publicUrl + request.url, {
      method: request.method,
      headers: webHeaders(request),
      signal: gone.signal,
    }),
    onClosed: (listener) => void response.once('close', listener),
  };
}

/** Sends a web Response. The headers leave at once: an event stream may stay silent for long. It ends at its lifetime. */
export async function send(reply: FastifyReply, response: Response, lifetimeMs?: number): Promise<void> {
  const headers = { ...reply.getHeaders(), ...Object.fromEntries(response.headers) };
  reply.hijack();
  reply.raw.writeHead(response.status, headers as Record<string, string>);
  if (response.body === null) return void reply.raw.end();
  reply.raw.flushHeaders();
  const end = lifetimeMs === undefined ? undefined : setTimeout(() => reply.raw.end(), lifetimeMs).unref();
  // A client that leaves in the middle is ordinary; the pipeline then cancels the stream of the SDK.
  await pipeline(Readable.fromWeb(response.body), reply.raw).catch(() => undefined);
  clearTimeout(end);
}

/** An answer that is a JSON-RPC error. */
export function rpcFailure(error: AppError, id: JsonRpcId = null): Response {
  const headers: Record<string, string> = {};
  if (error.retryAfter !== undefined)
    headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfter)));
  return Response.json(jsonRpcErrorBody(error, id), { status: STATUS[error.kind], headers });
}

/** The id of a request body, for the error that answers it. */
export function idOf(body: unknown): JsonRpcId {
  const id = (body as { id?: unknown } | null | undefined)?.id;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

function webHeaders(request: FastifyRequest): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (name === 'authorization' || name === 'cookie' || value === undefined) continue;
    for (const item of [value].flat()) headers.append(name, item);
  }
  return headers;
}
