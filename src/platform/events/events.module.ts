import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Notifications } from '../database/notifications.js';
import { RedisService } from '../redis/redis.service.js';
import { EventBus } from './event-bus.js';
import { PostgresEventBus } from './postgres-event-bus.js';
import { RedisEventBus } from './redis-event-bus.js';

/** Events between instances: over Redis when REDIS_URL is set, else over PostgreSQL. */
@Global()
@Module({
  providers: [
    {
      provide: EventBus,
      inject: [RedisService, Notifications],
      useFactory: (redis: RedisService, notifications: Notifications) =>
        redis.client === undefined
          ? new PostgresEventBus(notifications)
          : new RedisEventBus(redis, redis.client),
    },
  ],
  exports: [EventBus],
})
export class EventsModule implements OnApplicationShutdown {
  constructor(@Inject(EventBus) private readonly bus: EventBus) {}

  async onApplicationShutdown(): Promise<void> {
    if (this.bus instanceof RedisEventBus) await this.bus.close();
  }
}
