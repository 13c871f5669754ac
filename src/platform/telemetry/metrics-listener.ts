import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { fastify, type FastifyInstance } from 'fastify';
import { ENV, type Env } from '../../config/env.js';
import { Metrics } from './metrics.js';

/** GET /metrics on a port of its own (METRICS_HOST, METRICS_PORT), so that the API port never shows it. */
@Injectable()
export class MetricsListener implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger('Metrics');
  private server?: FastifyInstance;

  constructor(
    @Inject(ENV) private readonly env: Env,
    private readonly metrics: Metrics,
  ) {}

  /** A port that cannot be had is a warning: metrics must not keep the service from starting. */
  async onApplicationBootstrap(): Promise<void> {
    const { METRICS_PORT: port, METRICS_HOST: host = this.env.HOST } = this.env;
    if (port === 0) return;
    const server = fastify({ forceCloseConnections: true, requestTimeout: 10_000 });
    server.get('/metrics', async (_request, reply) =>
      reply.type(this.metrics.registry.contentType).send(await this.metrics.registry.metrics()),
    );
    try {
      await server.listen({ port, host });
      this.server = server;
    } catch (error) {
      await server.close();
      const { code } = error as NodeJS.ErrnoException;
      this.log.warn(
        `No metrics: port ${port} cannot be had (${code}). Set METRICS_PORT to a free one, or 0.`,
      );
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.server?.close();
  }
}
