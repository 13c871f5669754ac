import { Inject, Injectable } from '@nestjs/common';
import { ENV, type Env, publicUrl } from '../config/env.js';
import { VERSION } from '../config/version.js';
import { DatabaseProbe } from '../platform/database/database-probe.js';
import { Draining } from '../platform/http/draining.js';
import { RedisService } from '../platform/redis/redis.service.js';
import { type Dependencies, type HealthDocument, type ServiceInfo } from './health.dto.js';

/** Whether the service works. Redis may be away: that costs only speed, so it never makes us unhealthy. */
@Injectable()
export class HealthService {
  constructor(
    @Inject(ENV) private readonly env: Env,
    private readonly database: DatabaseProbe,
    private readonly redis: RedisService,
    private readonly draining: Draining,
  ) {}

  async info(): Promise<ServiceInfo> {
    const url = publicUrl(this.env);
    const { status } = await this.health();
    return {
      service: 'mcp-server',
      version: VERSION,
      status,
      links: {
        docs: `${url}/api/docs`,
        health: `${url}/health`,
        status: `${url}/api/status`,
        mcp: `${url}/mcp`,
        console: `${url}/console`,
      },
    };
  }

  async health(): Promise<HealthDocument> {
    const dependencies = await this.dependencies();
    return {
      status: this.statusOf(dependencies),
      service: 'mcp-server',
      postgresql: dependencies.postgresql.state,
      redis: dependencies.redis.state,
      timestamp: new Date().toISOString(),
    };
  }

  /** Asks each dependency now; a late one counts as disconnected after a second. */
  async dependencies(): Promise<Dependencies> {
    const started = performance.now();
    const [latencyMs, redis] = await Promise.all([
      this.database.ping().catch(() => null),
      this.redis.check().then((state) => ({ state, latencyMs: Math.round(performance.now() - started) })),
    ]);
    return {
      postgresql: { state: latencyMs === null ? 'disconnected' : 'connected', latencyMs },
      redis: { state: redis.state, latencyMs: redis.state === 'connected' ? redis.latencyMs : null },
    };
  }

  statusOf({ postgresql }: Dependencies): HealthDocument['status'] {
    return postgresql.state === 'connected' && !this.draining.active ? 'healthy' : 'unhealthy';
  }
}
