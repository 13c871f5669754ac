import { Logger } from '@nestjs/common';
import { createClient } from '@redis/client';
import { EventBus, type EventListener, Subscribers } from './event-bus.js';

const PREFIX = 'mcp-server:events:';
const MAX_BYTES = 64 << 10;
const MAX_QUEUED_COMMANDS = 1000;
const MAX_PAUSE_MS = 2000;

type Client = ReturnType<typeof createClient>;

/** EventBus over Redis pub/sub: one connection that listens, one that publishes. A dead Redis only costs speed. */
export class RedisEventBus extends EventBus {
  private readonly log = new Logger('Events');
  private readonly subscribers = new Subscribers();
  private readonly publisher: Client;
  private readonly subscriber: Client;
  private broken = false;

  constructor(url: string) {
    super();
    this.publisher = this.client(url);
    this.subscriber = this.client(url);
    this.subscriber.on('ready', () => {
      if (this.broken) this.subscribers.tellAllToReadAgain();
      this.broken = false;
    });
    this.subscriber.on('error', () => {
      this.broken = true;
    });
    // Both connect in the background and for ever again; without Redis subscribers look by themselves.
    for (const client of [this.publisher, this.subscriber]) client.connect().catch(() => undefined);
  }

  publish(channel: string, payload: string): void {
    if (!this.publisher.isReady) return;
    const message = Buffer.byteLength(payload) > MAX_BYTES ? '' : `=${payload}`;
    this.publisher.publish(PREFIX + channel, message).catch(() => undefined);
  }

  async subscribe(channel: string, listener: EventListener): Promise<() => Promise<void>> {
    const isNew = this.subscribers.add(channel, listener);
    if (isNew) {
      // While Redis is away the client remembers the subscription and makes it when it is back.
      const done = this.subscriber.subscribe(PREFIX + channel, (message) =>
        this.subscribers.tell(channel, message.startsWith('=') ? message.slice(1) : null),
      );
      done.catch(() => undefined);
      if (this.subscriber.isReady) await done.catch(() => undefined);
    }
    return async () => {
      if (!this.subscribers.remove(channel, listener)) return;
      const done = this.subscriber.unsubscribe(PREFIX + channel);
      done.catch(() => undefined);
      if (this.subscriber.isReady) await done.catch(() => undefined);
    };
  }

  async close(): Promise<void> {
    await Promise.all(
      [this.publisher, this.subscriber].map((client) => client.disconnect().catch(() => undefined)),
    );
  }

  private client(url: string): Client {
    const client = createClient({
      url,
      commandsQueueMaxLength: MAX_QUEUED_COMMANDS,
      pingInterval: 5000,
      socket: {
        connectTimeout: 2000,
        reconnectStrategy: (tries) => Math.min(50 * 2 ** Math.min(tries, 6), MAX_PAUSE_MS),
      },
    });
    // Without a listener an error event ends the process. Repeats of one outage are not logged.
    let reported = false;
    client.on('error', (error: Error) => {
      if (!reported) this.log.warn(`Redis: ${error.message}`);
      reported = true;
    });
    client.on('ready', () => {
      reported = false;
    });
    return client;
  }
}
