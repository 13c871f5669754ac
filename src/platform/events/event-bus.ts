/** What a subscriber is told: a payload, or null for "something may have been missed: read again". */
export type EventListener = (payload: string | null) => void;

/**
 * Tells every instance that something happened. A wake-up, not a store: delivery is at most once, so a subscriber
 * keeps the truth in a table and reads it again at `null`. Order within one channel is kept.
 */
export abstract class EventBus {
  /** Never throws and never waits. A payload over the limit of the adapter arrives as null. */
  abstract publish(channel: string, payload: string): void;

  /** Resolves when the subscription stands; what is published afterwards arrives. Call the result to end it. */
  abstract subscribe(channel: string, listener: EventListener): Promise<() => Promise<void>>;
}

/** Channel names are ours alone: short, without the line break that separates them from the payload. */
const CHANNEL_NAME = /^[a-z0-9:_-]{1,100}$/;

/** The subscribers of this process, by channel. A listener that throws does not hurt its neighbours. */
export class Subscribers {
  private readonly channels = new Map<string, Set<EventListener>>();

  /** Returns whether the channel is new to this process. */
  add(channel: string, listener: EventListener): boolean {
    if (!CHANNEL_NAME.test(channel)) throw new Error(`Not a channel name: ${channel}`);
    const listeners = this.channels.get(channel);
    if (listeners !== undefined) {
      listeners.add(listener);
      return false;
    }
    this.channels.set(channel, new Set([listener]));
    return true;
  }

  /** Returns whether nobody listens to the channel any more. */
  remove(channel: string, listener: EventListener): boolean {
    const listeners = this.channels.get(channel);
    if (listeners === undefined) return false;
    listeners.delete(listener);
    if (listeners.size > 0) return false;
    this.channels.delete(channel);
    return true;
  }

  tell(channel: string, payload: string | null): void {
    for (const listener of this.channels.get(channel) ?? []) call(listener, payload);
  }

  tellAllToReadAgain(): void {
    for (const channel of this.channels.keys()) this.tell(channel, null);
  }
}

function call(listener: EventListener, payload: string | null): void {
  try {
    listener(payload);
  } catch {
    // A listener only sets a flag or wakes a reader; what fails there is reported there.
  }
}
