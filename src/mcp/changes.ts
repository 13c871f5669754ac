import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { EventBus } from '../platform/events/event-bus.js';

const CHANNEL = 'mcp:changes';
const LISTS = ['tools', 'prompts', 'resources'] as const;

/** A list that is not what it was, or a resource whose contents changed. */
export type McpChange = { readonly list: (typeof LISTS)[number] } | { readonly resource: string };

/** Tells the adapters of every instance what changed; they tell their clients. */
@Injectable()
export class McpChanges implements OnModuleInit, OnModuleDestroy {
  private readonly listeners = new Set<(change: McpChange) => void>();
  private unsubscribe?: () => Promise<void>;

  constructor(private readonly bus: EventBus) {}

  async onModuleInit(): Promise<void> {
    this.unsubscribe = await this.bus.subscribe(CHANNEL, (payload) => this.heard(payload));
  }

  async onModuleDestroy(): Promise<void> {
    await this.unsubscribe?.();
  }

  publish(change: McpChange): void {
    this.bus.publish(CHANNEL, JSON.stringify(change));
  }

  /** Returns the function that ends the subscription. */
  subscribe(listener: (change: McpChange) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Tells the clients of this instance only. */
  tell(change: McpChange): void {
    for (const listener of this.listeners) listener(change);
  }

  /** Null says that changes may have been missed: then every list may be another one. */
  private heard(payload: string | null): void {
    const changes = payload === null ? LISTS.map((list) => ({ list })) : [JSON.parse(payload) as McpChange];
    for (const change of changes) this.tell(change);
  }
}
