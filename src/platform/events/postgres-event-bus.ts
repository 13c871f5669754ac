import { type Notifications } from '../database/notifications.js';
import { EventBus, type EventListener, Subscribers } from './event-bus.js';

/** PostgreSQL refuses payloads of 8000 bytes and more; the channel's name and its line break are inside. */
const MAX_BYTES = 7900;
const MAX_WAITING = 10_000;

/** EventBus over LISTEN and NOTIFY. What is published while a NOTIFY is under way goes out with the next one. */
export class PostgresEventBus extends EventBus {
  private readonly subscribers = new Subscribers();
  private waiting: string[] = [];
  private sending = false;
  private opened?: Promise<void>;

  constructor(private readonly notifications: Notifications) {
    super();
  }

  publish(channel: string, payload: string): void {
    // Full means that the database does not answer: listeners are told to read again when it is back.
    if (this.waiting.length >= MAX_WAITING) return;
    const message = `${channel}\n=${payload}`;
    this.waiting.push(Buffer.byteLength(message) > MAX_BYTES ? `${channel}\n` : message);
    if (!this.sending) void this.send();
  }

  async subscribe(channel: string, listener: EventListener): Promise<() => Promise<void>> {
    this.subscribers.add(channel, listener);
    try {
      await this.open();
    } catch (error) {
      this.subscribers.remove(channel, listener);
      throw error;
    }
    return async () => {
      this.subscribers.remove(channel, listener);
    };
  }

  /** The first subscriber opens the line; a failure is told to him, and the next one tries again. */
  private open(): Promise<void> {
    this.opened ??= this.notifications
      .listen({
        received: (message) => this.receive(message),
        resumed: () => this.subscribers.tellAllToReadAgain(),
      })
      .catch((error: unknown) => {
        this.opened = undefined;
        throw error;
      });
    return this.opened;
  }

  private receive(message: string): void {
    const end = message.indexOf('\n');
    const rest = message.slice(end + 1);
    this.subscribers.tell(message.slice(0, end), rest.startsWith('=') ? rest.slice(1) : null);
  }

  private async send(): Promise<void> {
    this.sending = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, 500);
      // A lost wake-up is only slow: subscribers also look by themselves now and then.
      await this.notifications.notify(batch).catch(() => undefined);
    }
    this.sending = false;
  }
}
