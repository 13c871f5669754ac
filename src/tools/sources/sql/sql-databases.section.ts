import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { type Actor } from '../../../common/actor.js';
import { ReadOnlyDatabases } from '../../../platform/database/read-only/read-only-databases.js';
import { type FileEntry, type PlannedChange, RegistrySection } from '../../registry-file/registry-section.js';
import { planEach } from '../../registry-file/section-entries.js';
import { ToolRegistry } from '../../tool-registry.service.js';

const Entry = z.strictObject({ name: z.string().min(1).max(63) });

/** The databases that the file needs. Only the operator adds one, so an entry is there already or is refused. */
@Injectable()
export class SqlDatabasesSection extends RegistrySection {
  readonly name = 'sqlDatabases';
  override readonly order = 10;

  constructor(
    private readonly registry: ToolRegistry,
    private readonly databases: ReadOnlyDatabases,
  ) {
    super();
  }

  /** Those that tools ask. */
  async export(): Promise<readonly FileEntry[]> {
    const names = (await this.registry.all())
      .filter(({ definition }) => definition.kind === 'sql')
      .map(({ definition }) => String(definition.source.database));
    return [...new Set(names)].sort().map((name) => ({ name }));
  }

  async plan(_actor: Actor, entries: readonly unknown[]): Promise<readonly PlannedChange[]> {
    return planEach(Entry, entries, async ({ name }) =>
      this.databases.has(name)
        ? { name, action: 'unchanged' }
        : {
            name,
            action: 'refused',
            message: `no database "${name}" is registered here; the operator does so by SQL_DATABASES_FILE`,
          },
    );
  }
}
