import { createHash } from 'node:crypto';
import {
  createRequestStateCodec,
  type RequestStateCodec,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { type KeyRing } from '../../platform/secrets/key-ring.js';
import { RpcError } from '../rpc-error.js';
import { type Answers } from './paused-client.js';

const TTL_SECONDS = 3600;

/** What goes to the client with its questions and comes back with its answers: signed, bound to user and call. [S47] */
export interface CallState {
  /** Digest of method, name and arguments: answers to one call are no answers to another. */
  readonly call: string;
  readonly answers: Answers;
}

export function requestStateCodec(keyRing: KeyRing): RequestStateCodec<CallState> {
  return createRequestStateCodec<CallState>({
    key: keyRing.derive('mcp-request-state'),
    ttlSeconds: TTL_SECONDS,
    bind: (context: ServerContext) => context.http?.authInfo?.clientId ?? '',
  });
}

/** The answers so far: those of the state, and the new ones. Throws -32602 when the state is of another call. */
export function answersOf(context: ServerContext, call: string): Answers {
  const state = context.mcpReq.requestState<CallState>();
  if (state !== undefined && state.call !== call)
    throw RpcError.invalidParams('Invalid or expired requestState', { reason: 'invalid_request_state' });
  return { ...state?.answers, ...context.mcpReq.inputResponses };
}

export function callDigest(method: string, name: string, args: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([method, name, sorted(args ?? {})]))
    .digest('base64url');
}

/** The same value with the keys of every object in order, so that equal arguments have one digest. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
