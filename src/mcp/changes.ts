import { Injectable } from '@nestjs/common';

/** A list that is not what it was, or a resource whose contents changed. */
export type McpChange = { readonly list: 'tools' | 'prompts' | 'resources' } | { readonly resource: string };

/** Tells the adapters what changed; they tell their clients. */
@Injectable()
export class McpChanges {
  private readonly listeners = new Set<(change: McpChange) => void>();

  publish(change: McpChange): void {
    for (const listener of this.listeners) listener(change);
  }

  /** Returns the function that ends the subscription. */
  subscribe(listener: (change: McpChange) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}
