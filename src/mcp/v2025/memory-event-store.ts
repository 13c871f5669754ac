import { type EventStore } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import { type JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';

const MAX_EVENTS = 256;
const MAX_BYTES = 1 << 20;

interface StoredEvent {
  readonly id: string;
  readonly streamId: string;
  readonly message: JSONRPCMessage;
  readonly bytes: number;
}

/**
 * What a 2025-era client gets again when its stream broke (`Last-Event-ID`). One store a session, in memory and
 * bounded: the call that writes into a stream runs in this process too, so a stream could not go on elsewhere anyway.
 * An id that is not here (dropped, or another instance's) is answered 400, so that the client does not wait in vain.
 */
export class MemoryEventStore implements EventStore {
  private events: StoredEvent[] = [];
  private bytes = 0;
  private sequence = 0;

  async storeEvent(streamId: string, message: JSONRPCMessage): Promise<string> {
    const id = `${streamId}_${String((this.sequence += 1)).padStart(12, '0')}`;
    const bytes = JSON.stringify(message).length;
    this.events.push({ id, streamId, message, bytes });
    this.bytes += bytes;
    while (this.events.length > MAX_EVENTS || (this.bytes > MAX_BYTES && this.events.length > 1))
      this.bytes -= this.events.shift()?.bytes ?? 0;
    return id;
  }

  async getStreamIdForEventId(eventId: string): Promise<string | undefined> {
    return this.events.find((event) => event.id === eventId)?.streamId;
  }

  async replayEventsAfter(
    lastEventId: string,
    { send }: { send: (eventId: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const index = this.events.findIndex((event) => event.id === lastEventId);
    const streamId = this.events[index]?.streamId ?? '';
    for (const event of this.events.slice(index + 1)) {
      // A priming event is stored as an empty message; there is nothing to say again.
      if (event.streamId === streamId && 'jsonrpc' in event.message) await send(event.id, event.message);
    }
    return streamId;
  }
}
