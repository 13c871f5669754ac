import { Injectable, Logger } from '@nestjs/common';
import { AuditLog } from '../../audit/audit-log.service.js';
import { newId } from '../../common/ids.js';
import { type Transaction, Transactions } from '../../platform/database/transactions.js';
import { Envelopes } from '../../platform/secrets/envelope.js';
import { knownSecrets } from '../../platform/telemetry/secret-mask.js';
import { originOf } from './origin.js';
import { type SecretRow } from './secret.entity.js';
import { SecretErrors } from './secrets.errors.js';
import { SecretsRepository } from './secrets.repository.js';

const BATCH = 100;

export interface Rotation {
  readonly keyId: string;
  readonly rewrapped: number;
  readonly unreadable: readonly string[];
}

/**
 * Where secrets are kept: encrypted in the database, readable only by code that is about to send one to an origin
 * that it is bound to. Names with a colon (`mcp:<server>:<user>`) are for this server's own credentials.
 */
@Injectable()
export class SecretVault {
  private readonly log = new Logger('Secrets');

  constructor(
    private readonly secrets: SecretsRepository,
    private readonly envelopes: Envelopes,
    private readonly transactions: Transactions,
    private readonly audit: AuditLog,
  ) {}

  /**
   * The value, for code that is about to send it to `origin` (a URL will do). From then on it is masked in every log
   * and answer of this process. Throws `secret_not_found`, `secret_origin_mismatch`, `secret_unreadable`. [S62]
   */
  async reveal(name: string, origin: string | URL): Promise<string> {
    const row = await this.get(name);
    const wanted = originOf(origin);
    if (wanted === undefined || !row.origins.includes(wanted))
      throw SecretErrors.secret_origin_mismatch(
        `The secret "${name}" is not bound to ${wanted ?? 'this address'}. An admin can add the origin.`,
      );
    const value = await this.open(row);
    knownSecrets.add(value);
    return value;
  }

  /** Throws `secret_not_found`, and `secret_origin_mismatch` when an origin is given that it is not bound to. */
  async check(name: string, origin?: string | URL, tx?: Transaction): Promise<void> {
    const { origins } = await this.get(name, tx);
    const wanted = origin === undefined ? undefined : (originOf(origin) ?? 'this address');
    if (wanted !== undefined && !origins.includes(wanted))
      throw SecretErrors.secret_origin_mismatch(
        `The secret "${name}" is not bound to ${wanted}. An admin can add the origin.`,
      );
  }

  /** Stores a value under a name, in place of what was there. Commits with `tx` when given. */
  async keep(name: string, value: string, origins: readonly string[], tx?: Transaction): Promise<SecretRow> {
    if (tx === undefined) return this.transactions.run((own) => this.keep(name, value, origins, own));
    await this.secrets.lockName(name, tx);
    const before = await this.secrets.findLocked(name, tx);
    const id = before?.id ?? newId();
    const version = (before?.version ?? 0) + 1;
    const now = new Date();
    const row: SecretRow = {
      id,
      name,
      version,
      origins: [...new Set(origins)],
      ...this.envelopes.seal(placeOf({ id, version }), value),
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
    };
    await this.secrets.save(row, tx);
    knownSecrets.add(value);
    return row;
  }

  /** Stores what `change` makes of the value that is there (undefined: none). No other writer comes between. */
  amend(name: string, origins: readonly string[], change: (before?: string) => string): Promise<void> {
    return this.transactions.run(async (tx) => {
      await this.secrets.lockName(name, tx);
      const row = await this.secrets.findLocked(name, tx);
      const before = row === null ? undefined : this.envelopes.open(placeOf(row), row);
      const after = change(before);
      if (after !== before) await this.keep(name, after, origins, tx);
    });
  }

  /** When a value was last stored under a name; undefined when there is none. */
  async keptAt(name: string): Promise<Date | undefined> {
    return (await this.secrets.find(name))?.updatedAt;
  }

  /** Was there one of that name? */
  forget(name: string, tx?: Transaction): Promise<boolean> {
    return this.secrets.delete(name, tx);
  }

  /** Forgets all of which the name starts with `prefix`, e.g. `mcp:<server>:`. */
  forgetAll(prefix: string, tx?: Transaction): Promise<void> {
    return this.secrets.deletePrefixed(prefix, tx);
  }

  /**
   * Wraps every data key by the first key of the ring, in batches and while secrets are in use. What was stopped half
   * way goes on with the next call: a row is done when it names that key. [S60]
   */
  async rotate(): Promise<Rotation> {
    const { keyId } = this.envelopes;
    const unreadable: string[] = [];
    let rewrapped = 0;
    let after: string | undefined;
    for (;;) {
      const rows = await this.secrets.toRewrap(keyId, after, BATCH);
      for (const row of rows) {
        try {
          const wrapping = this.envelopes.rewrap(placeOf(row), row);
          if (await this.secrets.rewrap(row, wrapping)) rewrapped += 1;
        } catch (error) {
          await this.reportUnreadable(row, error);
          unreadable.push(row.name);
        }
      }
      after = rows.at(-1)?.id;
      if (rows.length < BATCH) return { keyId, rewrapped, unreadable };
    }
  }

  private async get(name: string, tx?: Transaction): Promise<SecretRow> {
    const row = await this.secrets.find(name, tx);
    if (row === null)
      throw SecretErrors.secret_not_found(
        `There is no secret "${name}". An admin makes one by PUT /api/v1/secrets/${name}.`,
      );
    return row;
  }

  private async open(row: SecretRow): Promise<string> {
    try {
      return this.envelopes.open(placeOf(row), row);
    } catch (error) {
      await this.reportUnreadable(row, error);
      throw SecretErrors.secret_unreadable(
        `The secret "${row.name}" cannot be decrypted: its row or the key ring was changed. Store it again.`,
        { cause: error },
      );
    }
  }

  private async reportUnreadable(row: SecretRow, error: unknown): Promise<void> {
    this.log.error({ err: error, secret: row.name, keyId: row.keyId }, 'A secret cannot be decrypted');
    await this.audit.record(null, 'secret.unreadable', { type: 'secret', id: row.name });
  }
}

/** What each part of an envelope is bound to. */
function placeOf({ id, version }: Pick<SecretRow, 'id' | 'version'>): string {
  return `secrets/${id}/${version}`;
}
