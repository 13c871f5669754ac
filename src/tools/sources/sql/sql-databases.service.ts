import { Injectable } from '@nestjs/common';
import { requireScopes } from '../../../common/access.js';
import { type Actor } from '../../../common/actor.js';
import { type DatabaseState } from '../../../platform/database/read-only/read-only-database.js';
import { ReadOnlyDatabases } from '../../../platform/database/read-only/read-only-databases.js';

/** What an admin may know of the operator's databases. */
@Injectable()
export class SqlDatabasesService {
  constructor(private readonly databases: ReadOnlyDatabases) {}

  /** Every database with its state now. */
  async list(actor: Actor): Promise<{ items: (DatabaseState & { name: string })[]; nextCursor: null }> {
    requireScopes(actor, 'admin');
    return { items: await this.databases.states(), nextCursor: null };
  }
}
