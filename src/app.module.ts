import { type DynamicModule, Module } from '@nestjs/common';
import { MIGRATIONS } from '../migrations/all.js';
import { AgentsModule } from './agents/agents.module.js';
import { AuthModule } from './auth/auth.module.js';
import { ConfigModule } from './config/config.module.js';
import { type Env } from './config/env.js';
import { ConversationsModule } from './conversations/conversations.module.js';
import { HealthModule } from './health/health.module.js';
import { CacheModule } from './platform/cache/cache.module.js';
import { McpModule } from './mcp/mcp.module.js';
import { type DatabaseUrl } from './platform/database/database-url.js';
import { DatabaseModule } from './platform/database/database.module.js';
import { EventsModule } from './platform/events/events.module.js';
import { HttpModule } from './platform/http/http.module.js';
import { RateLimitModule } from './platform/rate-limit/rate-limit.module.js';
import { RedisModule } from './platform/redis/redis.module.js';
import { QueueModule } from './platform/queue/queue.module.js';
import { IdempotencyModule } from './platform/idempotency/idempotency.module.js';
import { SecretsModule } from './platform/secrets/secrets.module.js';
import { TelemetryModule } from './platform/telemetry/telemetry.module.js';
import { McpServersModule } from './tools/sources/mcp/mcp-servers.module.js';
import { ToolsModule } from './tools/tools.module.js';
import { RunsModule } from './runs/runs.module.js';
import { WebhooksModule } from './runs/webhooks/webhooks.module.js';

/** Composition only: which parts make the application. */
@Module({})
export class AppModule {
  static forRoot(env: Env, database: DatabaseUrl): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(env),
        SecretsModule,
        RedisModule,
        CacheModule,
        RateLimitModule,
        DatabaseModule.forRoot(database, MIGRATIONS),
        HttpModule,
        EventsModule,
        QueueModule,
        TelemetryModule,
        IdempotencyModule,
        AuthModule,
        ConversationsModule,
        HealthModule,
        AgentsModule,
        ToolsModule,
        McpServersModule,
        McpModule,
        RunsModule,
        WebhooksModule,
      ],
    };
  }
}
