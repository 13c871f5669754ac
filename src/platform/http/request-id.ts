import { type IncomingHttpHeaders } from 'node:http';
import { type FastifyRequest } from 'fastify';
import { newId } from '../../common/ids.js';

const SAFE_ID = /^[A-Za-z0-9._-]{1,64}$/;
/** W3C Trace Context: version, trace id, parent id, flags. */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The caller's X-Request-Id when it is harmless, else a new one. */
export function requestId(headers: IncomingHttpHeaders): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && SAFE_ID.test(given) ? given : newId();
}

/** The trace that this request belongs to: that of its `traceparent`, else its own id. */
export function traceId(request: FastifyRequest): string {
  const traceparent = request.headers['traceparent'];
  const match = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent) : null;
  return match?.[1] ?? request.id;
}
