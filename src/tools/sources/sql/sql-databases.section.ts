import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ReadOnlyDatabases } from '../../../platform/database/read-only/read-only-databases.js';
import { type Comparison, type FileEntry, RegistrySection } from '../../registry-file/registry-section.js';
import { ToolRegistry } from '../../tool-registry.service.js';

const Entry = z.strictObject({ name: z.string().min(1).max(63) });
type Entry = z.infer<typeof Entry>;

/** The databases that the file needs. Only the operator adds one, so an entry is there already or is refused. */
@Injectable()
export class SqlDatabasesSection extends RegistrySection<Entry> {
  readonly name = 'sqlDatabases';
  readonly order = 10;
  protected readonly entry = Entry;

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

  protected compare(): Comparison<Entry> {
    return {
      plan: ({ name }) =>
        this.databases.has(name)
          ? { name, action: 'unchanged' }
          : {
              name,
              action: 'refused',
              message: `no database "${name}" is registered here; the operator does so by SQL_DATABASES_FILE`,
            },
    };
  }
}
