import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../audit/audit-log.service.js';
import { requireScopes } from '../../common/access.js';
import { type Actor } from '../../common/actor.js';
import { type Page, type PageQuery } from '../../common/page.js';
import { Transactions } from '../../platform/database/transactions.js';
import { Cursors } from '../../platform/secrets/cursors.js';
import { type SecretRow } from './secret.entity.js';
import { type Rotation, SecretVault } from './secret-vault.service.js';
import { type SecretRequest } from './secrets.dto.js';
import { SecretErrors } from './secrets.errors.js';
import { SecretsRepository } from './secrets.repository.js';

export type SecretInfo = Omit<SecretRow, 'wrappedKey' | 'sealed'>;

/** What admins do with secrets. A value goes in and never comes out. */
@Injectable()
export class SecretsService {
  constructor(
    private readonly vault: SecretVault,
    private readonly secrets: SecretsRepository,
    private readonly transactions: Transactions,
    private readonly cursors: Cursors,
    private readonly audit: AuditLog,
  ) {}

  /** Stores a value, in place of what was there. */
  put(actor: Actor, name: string, { value, origins }: SecretRequest): Promise<SecretInfo> {
    requireScopes(actor, 'tools:manage');
    return this.transactions.run(async (tx) => {
      const row = await this.vault.keep(name, value, origins, tx);
      const details = { origins: row.origins.join(' '), version: row.version };
      await this.audit.record(actor, 'secret.stored', { type: 'secret', id: name }, details, tx);
      return row;
    });
  }

  async list(actor: Actor, query: PageQuery): Promise<Page<SecretInfo>> {
    requireScopes(actor, 'tools:manage');
    const after = this.cursors.read('secrets', query.cursor);
    const rows = await this.secrets.list(after, query.limit + 1);
    return this.cursors.page('secrets', rows, query.limit, (row) => row.name);
  }

  /** Throws `secret_not_found`. Tools that use it fail from now on. */
  async delete(actor: Actor, name: string): Promise<void> {
    requireScopes(actor, 'tools:manage');
    await this.transactions.run(async (tx) => {
      if (!(await this.vault.forget(name, tx))) throw SecretErrors.secret_not_found();
      await this.audit.record(actor, 'secret.deleted', { type: 'secret', id: name }, {}, tx);
    });
  }

  /** Makes the first key of ENCRYPTION_KEYS protect every secret; the others may leave the ring afterwards. */
  async rotate(actor: Actor): Promise<Rotation> {
    requireScopes(actor, 'tools:manage');
    const rotation = await this.vault.rotate();
    const { keyId, rewrapped } = rotation;
    await this.audit.record(actor, 'secrets.rotated', { type: 'secrets', id: 'all' }, { keyId, rewrapped });
    return rotation;
  }
}
