import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '../../common/ids.js';
import { type Notifications } from '../database/notifications.js';
import { EventBus, type EventListener, Subscribers } from './event-bus.js';

/** PostgreSQL refuses payloads of 8000 bytes and more; sender, channel and their line breaks are inside. */
const MAX_BYTES = 7900;
const MAX_WAITING = 10_000;
/** How long other instances wait at most for what is published right after something else. */
const GATHER_MS = 20;

/**
 * EventBus over LISTEN and NOTIFY. This instance hears itself without the database; the others at once when nothing
 * was published for a moment, else together with what else is published within 20 ms.
 */
export class PostgresEventBus extends EventBus {
  /** Tells apart what comes back from what others say. */
  private readonly sender = newId();
  private readonly subscribers = new Subscribers();
  private waiting: string[] = [];
  private sending = false;
  private opened?: Promise<void>;

  constructor(private readonly notifications: Notifications) {
    super();
  }

  publish(channel: string, payload: string): void {
    const whole = `${this.sender}\n${channel}\n=${payload}`;
    const isTooLong = Buffer.byteLength(whole) > MAX_BYTES;
    queueMicrotask(() => this.subscribers.tell(channel, isTooLong ? null : payload));
    // Full means that the database does not answer: listeners are told to read again when it is back.
    if (this.waiting.length >= MAX_WAITING) return;
    this.waiting.push(isTooLong ? `${this.sender}\n${channel}\n` : whole);
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
    const [sender = '', channel = ''] = message.split('\n', 2);
    if (sender === this.sender) return;
    const rest = message.slice(sender.length + channel.length + 2);
    this.subscribers.tell(channel, rest.startsWith('=') ? rest.slice(1) : null);
  }

  private async send(): Promise<void> {
    this.sending = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, 500);
      // A lost wake-up is only slow: subscribers also look by themselves now and then.
      await this.notifications.notify(batch).catch(() => undefined);
      await delay(GATHER_MS);
    }
    this.sending = false;
  }
}
