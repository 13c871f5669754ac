import type pg from 'pg';
import { BoundedClient } from './bounded-client.js';

/** Uses of a statement before it is worth a place on every connection. */
const OFTEN = 20;
/** Statements that a connection keeps planned; each costs the server some memory. */
const MAX_NAMED = 100;
/** Texts that are counted; statements whose text differs each time must not fill the memory. */
const MAX_COUNTED = 1000;

const uses = new Map<string, number>();
const names = new Map<string, string>();

/**
 * A connection on which statements that come again and again are prepared: PostgreSQL parses and plans them once, which
 * takes longer than most of them, and only their names travel. Not for a pooler that shares connections among
 * transactions: it may not know the names.
 */
export class PreparingClient extends BoundedClient {
  constructor(config?: pg.ClientConfig) {
    super(config);
    const query = this.query.bind(this) as (...args: unknown[]) => unknown;
    const preparing = (...args: unknown[]): unknown => {
      const result = query(...prepared(args));
      if (result instanceof Promise) {
        result.catch((error: Error) => {
          // A migration of another instance changed a column: a new connection plans anew.
          if (error.message === 'cached plan must not change result type') void this.end();
        });
      }
      return result;
    };
    this.query = preparing as typeof this.query;
  }
}

/** The arguments of `query`, with a name when a statement with parameters comes often. */
function prepared(args: readonly unknown[]): readonly unknown[] {
  const [text, values, ...rest] = args;
  if (typeof text !== 'string' || !Array.isArray(values) || values.length === 0) return args;
  const name = nameOf(text);
  return name === undefined ? args : [{ name, text, values: values as unknown[] }, undefined, ...rest];
}

/** The name of a statement that has come often. The same text has the same name on every connection of this process. */
function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= MAX_NAMED) return known;
  const count = (uses.get(text) ?? 0) + 1;
  if (count < OFTEN) {
    if (uses.size >= MAX_COUNTED) uses.clear();
    uses.set(text, count);
    return undefined;
  }
  uses.delete(text);
  const name = `often_${names.size}`;
  names.set(text, name);
  return name;
}
