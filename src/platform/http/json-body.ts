import { isUtf8 } from 'node:buffer';
import { RouteConfig } from '@nestjs/platform-fastify';
import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { CommonErrors } from '../../common/common.errors.js';
import { jsonRpcRoute } from './json-rpc.js';

const MAX_DEPTH = 32;
const MAX_VALUES = 10_000;
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
const JSON_TYPE = /^application\/json(?:\s*;\s*charset=utf-8)?$/i;

declare module 'fastify' {
  interface FastifyContextConfig {
    maxBodyBytes?: number;
  }
}

/** A route whose JSON body may be larger than that of the others. */
export const MaxBody = (bytes: number) => RouteConfig({ maxBodyBytes: bytes });

/**
 * Makes JSON the only body that is read, and refuses what the database or our own code could stumble over.
 * Must run before routes are added. A JSON-RPC route has its own size limit and gets its body unread: its errors
 * have another form, and a caller without a credential must hear 401 before anything about his body.
 * [S30] [S31] [S32] [S33] [S77]
 */
export function acceptOnlyJson(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    const limit = route.config?.jsonRpc?.bodyLimit ?? route.config?.maxBodyBytes;
    if (limit !== undefined) route.bodyLimit = limit;
  });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      done(null, jsonRpcRoute(request) === undefined ? readJson(request, body as Buffer) : body);
    } catch (error) {
      done(error as Error);
    }
  });
}

/** The value of a JSON body; undefined when it is empty. Throws `unsupported_media_type`, `invalid_json`, `json_limits`. */
export function readJson(request: FastifyRequest, body: Buffer): unknown {
  const encoding = request.headers['content-encoding'];
  if (
    !JSON_TYPE.test(request.headers['content-type'] ?? '') ||
    (encoding !== undefined && encoding !== 'identity')
  ) {
    throw CommonErrors.unsupported_media_type();
  }
  return body.length === 0 ? undefined : parseJson(body);
}

/** Strict JSON: valid UTF-8, bounded depth and size, no NUL, lone surrogate, prototype key or infinite number. */
export function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw CommonErrors.invalid_json();
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw CommonErrors.invalid_json();
  }
  checkJson(value);
  return value;
}

/** Refuses a JSON value that is too deep or large, or that holds NUL, a lone surrogate or a prototype key. */
export function checkJson(root: unknown, { maxDepth = MAX_DEPTH, maxValues = MAX_VALUES } = {}): void {
  let count = 0;
  const open: [unknown, number][] = [[root, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, depth] = next;
    count += 1;
    if (depth > maxDepth || count > maxValues) throw CommonErrors.json_limits();
    if (typeof value === 'string') checkText(value);
    else if (typeof value === 'number' && !Number.isFinite(value))
      throw CommonErrors.invalid_json('A number is too large.');
    else if (Array.isArray(value)) for (const item of value) open.push([item, depth + 1]);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        if (FORBIDDEN_KEYS.has(key))
          throw CommonErrors.invalid_json(`The property name "${key}" is not allowed.`);
        checkText(key);
        open.push([item, depth + 1]);
      }
    }
  }
}

function checkText(text: string): void {
  if (text.includes('\0') || !text.isWellFormed()) {
    throw CommonErrors.invalid_json('Text must not hold NUL or a lone surrogate.');
  }
}
