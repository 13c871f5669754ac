import 'reflect-metadata';
import { type IncomingMessage } from 'node:http';
import helmet from '@fastify/helmet';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { AppModule } from './app.module.js';
import { type Env } from './config/env.js';
import { VERSION } from './config/version.js';
import { DatabaseUrl } from './platform/database/database-url.js';
import { Migrator } from './platform/database/migrator.js';
import { Draining } from './platform/http/draining.js';
import { acceptOnlyJson } from './platform/http/json-body.js';
import { serveOpenApi } from './platform/http/openapi.js';
import { sendProblem, toAppError } from './platform/http/problem.filter.js';
import { gateRequests } from './platform/http/request-gate.js';
import { requestId } from './platform/http/request-id.js';
import { measureRequests } from './platform/http/request-metrics.js';
import { traceRequests } from './platform/http/request-trace.js';
import { makeLogger, PinoLoggerService } from './platform/telemetry/logger.js';
import { Metrics } from './platform/telemetry/metrics.js';
import { TraceExport } from './platform/telemetry/trace-export.service.js';

const BODY_LIMIT = 256 << 10;

/** Builds the whole application: connected, migrated, not listening yet. Without `init` no part begins to work. */
export async function createApp(env: Env, { init = true } = {}): Promise<NestFastifyApplication> {
  const database = new DatabaseUrl(env);
  let app: NestFastifyApplication | undefined;
  try {
    app = await NestFactory.create<NestFastifyApplication>(
      AppModule.forRoot(env, database),
      makeAdapter(env),
      {
        logger: new PinoLoggerService(makeLogger(env)),
        abortOnError: false,
        bodyParser: false,
      },
    );
    await configure(app, env);
    await app.get(Migrator).run();
    if (init) await app.init();
    return app;
  } catch (error) {
    await app?.close().catch(() => undefined); // the reason of the failed start is what counts
    await database.leave();
    throw error;
  }
}

/** What every request passes before a route. */
async function configure(app: NestFastifyApplication, env: Env): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  acceptOnlyJson(fastify);
  await app.get(TraceExport).start();
  traceRequests(fastify);
  measureRequests(fastify, app.get(Metrics));
  gateRequests(fastify, env, app.get(Draining));
  await app.register(helmet, {
    // Swagger UI styles itself inline; scripts come from here only.
    contentSecurityPolicy: {
      directives: { styleSrc: ["'self'", "'unsafe-inline'"], upgradeInsecureRequests: null },
    },
    hsts: env.PUBLIC_URL?.startsWith('https:') === true,
  });
  app.enableCors({
    origin: env.ALLOWED_ORIGINS,
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: EXPOSED_HEADERS,
    credentials: true, // the refresh cookie; only ALLOWED_ORIGINS may send it
    maxAge: 600,
  });
  serveOpenApi(app, VERSION);
}

/** Stops in order: no new work, running work finished or handed back, connections closed, then the database left. */
export async function stopApp(app: NestFastifyApplication): Promise<void> {
  app.get(Draining).begin();
  const database = app.get(DatabaseUrl);
  await app.close();
  await database.leave();
}

const EXPOSED_HEADERS = [
  'Location',
  'X-Request-Id',
  'Retry-After',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'Mcp-Session-Id',
  'Mcp-Protocol-Version',
  'WWW-Authenticate',
  'Idempotency-Replayed',
];

function makeAdapter(env: Env): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    genReqId: (request: IncomingMessage) => requestId(request.headers),
    trustProxy: (_address, hop) => hop < env.TRUST_PROXY_HOPS,
    forceCloseConnections: true,
    // Slow senders are cut off (slowloris); long answers such as SSE are not affected.
    requestTimeout: 30_000,
    keepAliveTimeout: 5_000,
    http: { headersTimeout: 10_000 },
    routerOptions: { maxParamLength: 256 },
    // A URL that cannot be decoded never reaches the filter.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(toAppError(error), request, reply),
  });
}
