import { type FastifyInstance } from 'fastify';
import { type Metrics } from '../telemetry/metrics.js';

/** Measures every answer by its route template, never by its path: labels must stay few. */
export function measureRequests(fastify: FastifyInstance, metrics: Metrics): void {
  const duration = metrics.histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Time from the request to the end of its answer; a stream counts until it ends.',
    labelNames: ['method', 'route', 'status'],
  });
  const active = metrics.gauge({
    name: 'http_server_active_requests',
    help: 'Requests that are being answered.',
    labelNames: [],
  });
  fastify.addHook('onRequest', (_request, reply, done) => {
    active.inc();
    // Also when the client goes away before the answer is complete.
    reply.raw.once('close', () => active.dec());
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unmatched';
    const labels = { method: request.method, route, status: reply.statusCode };
    duration.observe(labels, reply.elapsedTime / 1000);
    done();
  });
}
