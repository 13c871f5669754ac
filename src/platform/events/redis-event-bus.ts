import { Logger } from '@nestjs/common';
import { type RedisClient, type RedisService } from '../redis/redis.service.js';
import { EventBus, type EventListener, Subscribers } from './event-bus.js';

const PREFIX = 'mcp-server:events:';
const MAX_BYTES = 64 << 10;

/** EventBus over Redis pub/sub, with a connection of its own to listen. A dead Redis only costs speed. */
export class RedisEventBus extends EventBus {
  private readonly log = new Logger('Events');
  private readonly subscribers = new Subscribers();
  private readonly line: RedisClient;
  private broken = false;

  constructor(
    private readonly redis: RedisService,
    client: RedisClient,
  ) {
    super();
    // While Redis is away subscriptions wait in the client's queue, which is short: there are few channels.
    this.line = client.duplicate({ disableOfflineQueue: false, commandsQueueMaxLength: 10_000 });
    this.line.on('error', () => {
      if (!this.broken) this.log.warn('The line to Redis broke; trying again');
      this.broken = true;
    });
    this.line.on('ready', () => {
      if (this.broken) this.subscribers.tellAllToReadAgain();
      this.broken = false;
    });
    this.line.connect().catch(() => undefined); // `error` has told
  }

  publish(channel: string, payload: string): void {
    const message = Buffer.byteLength(payload) > MAX_BYTES ? '' : `=${payload}`;
    this.redis.run((client) => client.publish(PREFIX + channel, message)).catch(() => undefined);
  }

  async subscribe(channel: string, listener: EventListener): Promise<() => Promise<void>> {
    if (this.subscribers.add(channel, listener)) {
      const receive = (message: string) =>
        this.subscribers.tell(channel, message.startsWith('=') ? message.slice(1) : null);
      await this.whenReady(this.line.subscribe(PREFIX + channel, receive));
    }
    return async () => {
      if (this.subscribers.remove(channel, listener))
        await this.whenReady(this.line.unsubscribe(PREFIX + channel));
    };
  }

  async close(): Promise<void> {
    if (this.line.isOpen) await this.line.disconnect();
  }

  /** Waits for an answer only while there is a Redis to give one. */
  private async whenReady(command: Promise<void>): Promise<void> {
    const done = command.catch(() => undefined);
    if (this.line.isReady) await done;
  }
}
