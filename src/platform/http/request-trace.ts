import { type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { contextOf, traceIdOf, traceparentOf, tracer } from '../telemetry/trace-context.js';

const spans = new WeakMap<FastifyRequest, Span>();

/** A server span for each request (OpenTelemetry semantic conventions, HTTP spans). Probes are not traced. */
export function traceRequests(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (!request.url.startsWith('/health')) {
      const attributes = { 'http.request.method': request.method, 'url.scheme': request.protocol };
      const options = { kind: SpanKind.SERVER, attributes };
      spans.set(request, tracer().startSpan(request.method, options, contextOf(headerOf(request))));
    }
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unmatched';
    const span = spans.get(request);
    span?.updateName(`${request.method} ${route}`);
    span?.setAttributes({ 'http.route': route, 'http.response.status_code': reply.statusCode });
    if (reply.statusCode >= 500) span?.setStatus({ code: SpanStatusCode.ERROR });
    span?.end();
    done();
  });
}

/** What continues the trace of a request elsewhere: its span when tracing is on, else the caller's own `traceparent`. */
export function traceparentOfRequest(request: FastifyRequest): string | undefined {
  const span = spans.get(request);
  const given = headerOf(request);
  return (span && traceparentOf(span)) ?? (traceIdOf(given) === undefined ? undefined : given);
}

/** The trace that a request belongs to, else its own id. */
export function traceId(request: FastifyRequest): string {
  return traceIdOf(traceparentOfRequest(request)) ?? request.id;
}

function headerOf(request: FastifyRequest): string | undefined {
  const given = request.headers['traceparent'];
  return typeof given === 'string' ? given : undefined;
}
