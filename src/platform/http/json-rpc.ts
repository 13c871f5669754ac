import { RouteConfig } from '@nestjs/platform-fastify';
import { type FastifyRequest } from 'fastify';
import { type AppError } from '../../common/app-error.js';

/** A route that speaks JSON-RPC 2.0: it reads its own body, its errors are JSON-RPC errors, its Origin is checked. */
export interface JsonRpcRouteConfig {
  /** Largest body in bytes. */
  readonly bodyLimit: number;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    jsonRpc?: JsonRpcRouteConfig;
  }
}

/** Marks a route as JSON-RPC. Its `request.body` is the Buffer as it came: parse it with `readJson` after the guard. */
export const JsonRpcRoute = (config: JsonRpcRouteConfig) => RouteConfig({ jsonRpc: config });

/** How a route was marked by `@JsonRpcRoute`; undefined for every other one. */
export function jsonRpcRoute(request: FastifyRequest): JsonRpcRouteConfig | undefined {
  return request.routeOptions?.config?.jsonRpc;
}

export type JsonRpcId = string | number | null;

export interface JsonRpcError {
  readonly code: number;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Codes of the JSON-RPC 2.0 specification section 5.1, and ours where it has none. */
export const RPC_CODES = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  server: -32000,
  tooMany: 4290,
  unavailable: 5030,
} as const;

/** The JSON-RPC error that an AppError amounts to: its safe message, and its stable code in `data.code`. */
export function jsonRpcError(error: AppError): JsonRpcError {
  return {
    code: rpcCode(error),
    message: error.message,
    data: {
      code: error.code,
      ...(error.errors && { errors: error.errors }),
      ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }),
    },
  };
}

/** The body of an error answer. `id` is null when the request's own could not be read. */
export function jsonRpcErrorBody(error: AppError, id: JsonRpcId = null): Record<string, unknown> {
  return { jsonrpc: '2.0', id, error: jsonRpcError(error) };
}

function rpcCode(error: AppError): number {
  if (error.code === 'invalid_json') return RPC_CODES.parse;
  switch (error.kind) {
    case 'too_many':
      return RPC_CODES.tooMany;
    case 'unavailable':
    case 'timeout':
      return RPC_CODES.unavailable;
    case 'internal':
      return RPC_CODES.internal;
    case 'invalid':
      return error.code === 'json_limits' ? RPC_CODES.invalidRequest : RPC_CODES.invalidParams;
    case 'not_found':
    case 'unprocessable':
      return RPC_CODES.invalidParams;
    default:
      return RPC_CODES.server;
  }
}
