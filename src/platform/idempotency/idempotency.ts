import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { type Actor } from '../../common/actor.js';
import { canonicalJson } from '../../common/canonical-json.js';
import { type Transaction, Transactions } from '../database/transactions.js';
import { IdempotencyErrors } from './idempotency.errors.js';
import { IdempotencyRepository, type KeyUse } from './idempotency.repository.js';

/** How long a twin waits for the first request before it answers 409. */
const WAIT_MS = 2000;

/** A request that must have its effect once. */
export interface OnceRequest {
  /** The Idempotency-Key header; undefined when the client sent none. */
  readonly key: string | undefined;
  /** Method and path with the ids in it: the same key on another object is another request. */
  readonly route: string;
  readonly body: unknown;
}

/** What a request is answered with. */
export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

/** An answer that may be an earlier one: then its body has been through JSON (dates are strings). */
export interface OnceAnswer<T> extends Answer<T> {
  readonly replayed: boolean;
}

/** Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): an effect and its answer commit together. [R28] */
@Injectable()
export class Idempotency {
  constructor(
    private readonly transactions: Transactions,
    private readonly keys: IdempotencyRepository,
  ) {}

  /**
   * Runs `effect` in one transaction and keeps its answer for 24 hours under the caller's key. The same key and body
   * again: the stored answer, no effect. `effect` must use the transaction for everything it writes.
   * Throws `idempotency_key_reused` (other body) and `idempotency_key_in_flight` (the first takes over 2 s); an effect
   * that throws stores nothing.
   */
  async once<T>(
    actor: Actor,
    request: OnceRequest,
    effect: (transaction: Transaction) => Promise<Answer<T>>,
  ): Promise<OnceAnswer<T>> {
    const { key, route } = request;
    if (key === undefined) return { ...(await this.transactions.run(effect)), replayed: false };
    const use: KeyUse = { userId: actor.userId, route, key };
    const bodyHash = createHash('sha256').update(canonicalJson(request.body)).digest('hex');
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      const answer = await this.transactions.run((transaction) =>
        this.attempt(transaction, use, bodyHash, effect),
      );
      if (answer !== undefined) return answer;
      if (Date.now() > deadline) {
        throw IdempotencyErrors.idempotency_key_in_flight(undefined, { retryAfter: 1 });
      }
      // Twins wait without a connection, so that they cannot starve the effect they wait for.
      await delay(10 + Math.random() * 30);
    }
  }

  /** Undefined when a twin holds the key. */
  private async attempt<T>(
    transaction: Transaction,
    use: KeyUse,
    bodyHash: string,
    effect: (transaction: Transaction) => Promise<Answer<T>>,
  ): Promise<OnceAnswer<T> | undefined> {
    if (!(await this.keys.tryLock(transaction, use))) return undefined;
    const stored = await this.keys.find(transaction, use);
    if (stored !== undefined) {
      if (stored.bodyHash !== bodyHash) throw IdempotencyErrors.idempotency_key_reused();
      return { status: stored.status, body: stored.body as T, replayed: true };
    }
    const answer = await effect(transaction);
    await this.keys.save(transaction, use, { bodyHash, ...answer });
    return { ...answer, replayed: false };
  }
}
