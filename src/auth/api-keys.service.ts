import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.service.js';
import { requireAccountAccess, requireScopes } from '../common/access.js';
import { type Actor, actorOfKey, type Scope } from '../common/actor.js';
import { CommonErrors } from '../common/common.errors.js';
import { newId } from '../common/ids.js';
import { type Page, type PageQuery } from '../common/page.js';
import { type Transaction, Transactions } from '../platform/database/transactions.js';
import { Cursors } from '../platform/secrets/cursors.js';
import { KeyRing } from '../platform/secrets/key-ring.js';
import { isApiKey, newApiKey } from './api-key-format.js';
import { type ApiKey } from './api-key.entity.js';
import { type NewApiKeyRequest } from './api-keys.dto.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { AuthErrors } from './auth.errors.js';

const MAX_KEYS = 100;
const MAX_AGE_MS = 365 * 86_400_000;

export type ApiKeyView = Omit<ApiKey, 'keyHash' | 'userId'>;
export type NewKey = Omit<NewApiKeyRequest, 'expiresAt'> & { readonly expiresAt: Date | null };

/** Keys for programs. The database holds HMAC-SHA256 of each, keyed by the key ring: a dump alone opens nothing. [S13] */
@Injectable()
export class ApiKeysService {
  /** One per key of the ring, the current first, so that keys outlive a rotation of the ring. */
  private readonly peppers: readonly KeyObject[];

  constructor(
    private readonly keys: ApiKeysRepository,
    private readonly transactions: Transactions,
    private readonly cursors: Cursors,
    private readonly audit: AuditLog,
    keyRing: KeyRing,
  ) {
    this.peppers = keyRing.ids.map((id) => createSecretKey(keyRing.derive('api-key', id)));
  }

  /** Makes a key of the caller's; `key` is readable only here. Throws `insufficient_scope`, `api_key_limit`. */
  async create(actor: Actor, request: NewApiKeyRequest): Promise<ApiKeyView & { key: string }> {
    requireAccountAccess(actor);
    requireScopes(actor, ...request.scopes);
    const expiresAt = checkExpiry(request.expiresAt);
    return this.transactions.run(async (tx) => {
      const made = await this.createFor(actor.userId, { ...request, expiresAt }, tx);
      const { id, scopes } = made;
      await this.audit.record(actor, 'api_key.created', { type: 'api_key', id }, { scopes }, tx);
      return made;
    });
  }

  private async createFor(
    userId: string,
    request: NewKey,
    tx: Transaction,
  ): Promise<ApiKeyView & { key: string }> {
    if ((await this.keys.countLocked(userId, tx)) >= MAX_KEYS) throw AuthErrors.api_key_limit();
    const key = newApiKey();
    const row: ApiKey = {
      id: newId(),
      userId,
      name: request.name,
      keyHash: this.hashes(key)[0] ?? '',
      scopes: [...new Set(request.scopes)],
      expiresAt: request.expiresAt,
      lastUsedAt: null,
      createdAt: new Date(),
    };
    await this.keys.insert(row, tx);
    return { ...row, key };
  }

  async list(actor: Actor, query: PageQuery): Promise<Page<ApiKeyView>> {
    requireAccountAccess(actor);
    const list = `api-keys/${actor.userId}`;
    const before = this.cursors.read(list, query.cursor);
    const rows = await this.keys.list(actor.userId, before, query.limit + 1);
    return this.cursors.page(list, rows, query.limit, (row) => row.id);
  }

  /** Ends a key at once, on every instance. Throws `api_key_not_found`. */
  async revoke(actor: Actor, id: string): Promise<void> {
    requireAccountAccess(actor);
    await this.transactions.run(async (tx) => {
      if (!(await this.keys.delete(actor.userId, id, tx))) throw AuthErrors.api_key_not_found();
      await this.audit.record(actor, 'api_key.revoked', { type: 'api_key', id }, {}, tx);
    });
  }

  /** Replaces the key of that name, in one transaction. */
  replaceNamed(userId: string, name: string, scopes: readonly Scope[]): Promise<string> {
    return this.transactions.run(async (tx) => {
      await this.keys.deleteNamed(userId, name, tx);
      return (await this.createFor(userId, { name, scopes: [...scopes], expiresAt: null }, tx)).key;
    });
  }

  /** Who holds this key, from the database each time. Throws `invalid_token`. */
  async authenticate(key: string): Promise<Actor> {
    if (!isApiKey(key)) throw AuthErrors.invalid_token();
    const found = await this.keys.findUsable(this.hashes(key));
    if (found === undefined) throw AuthErrors.invalid_token();
    if (found.stale) await this.keys.touch(found.id);
    return actorOfKey({ id: found.userId, role: found.role }, found);
  }

  private hashes(key: string): string[] {
    return this.peppers.map((pepper) => createHmac('sha256', pepper).update(key).digest('base64url'));
  }
}

function checkExpiry(text: string | undefined): Date | null {
  if (text === undefined) return null;
  const expiresAt = new Date(text);
  const ahead = expiresAt.getTime() - Date.now();
  if (ahead > 0 && ahead <= MAX_AGE_MS) return expiresAt;
  throw CommonErrors.invalid_request(undefined, {
    errors: [{ field: 'expiresAt', message: 'must be in the future, at most 365 days ahead' }],
  });
}
