import { Injectable } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { SharedStatement } from '../platform/database/shared-statement.js';
import { type Transaction, Transactions } from '../platform/database/transactions.js';
import { CHAIN_START, chainHash } from './audit-chain.js';
import { type AuditRecord } from './audit-entry.entity.js';
import { AuditRepository } from './audit.repository.js';

const VERIFY_PAGE = 1000;

export interface AuditTarget {
  readonly type: string;
  readonly id: string;
}

/** Who did what to what, append only and hash-chained. Never holds secrets, contents or e-mail addresses. [S79] [S80] */
@Injectable()
export class AuditLog {
  private readonly writer: SharedStatement<AuditRecord>;

  constructor(
    private readonly entries: AuditRepository,
    transactions: Transactions,
  ) {
    this.writer = new SharedStatement({
      run: async (records) => {
        await transactions.run((tx) => this.entries.append(records, tx));
        return records.map(() => undefined);
      },
    });
  }

  /**
   * Resolves when the entry is durable; with `tx` it commits together with what it speaks of. `actor` is null when
   * nobody is known yet (a login). `action` is `<noun>.<past participle>`, e.g. `api_key.created`.
   */
  async record(
    actor: Actor | null,
    action: string,
    target: AuditTarget,
    details: Record<string, unknown> = {},
    tx?: Transaction,
  ): Promise<void> {
    const record: AuditRecord = {
      at: new Date(),
      actorId: actor?.userId ?? null,
      credential: credentialOf(actor),
      action,
      targetType: target.type,
      targetId: target.id,
      // As it will be read back: no undefined, no Date.
      details: JSON.parse(JSON.stringify(details)) as Record<string, unknown>,
    };
    if (tx === undefined) await this.writer.join(record);
    else await this.entries.append([record], tx);
  }

  /** Recomputes the whole chain: how many entries hold, and the sequence of the first that was changed or removed. */
  async verify(): Promise<{ entries: number; brokenAt: number | null }> {
    let [sequence, hash] = [0, CHAIN_START];
    for (;;) {
      const page = await this.entries.after(sequence, VERIFY_PAGE);
      for (const entry of page) {
        const next = sequence + 1;
        if (entry.sequence !== next || entry.hash !== chainHash(hash, next, entry))
          return { entries: sequence, brokenAt: next };
        [sequence, hash] = [next, entry.hash];
      }
      if (page.length < VERIFY_PAGE) return { entries: sequence, brokenAt: null };
    }
  }
}

function credentialOf(actor: Actor | null): string | null {
  if (actor?.apiKeyId !== undefined) return `api-key:${actor.apiKeyId}`;
  return actor?.sessionId === undefined ? null : `session:${actor.sessionId}`;
}
