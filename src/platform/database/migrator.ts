import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { DatabaseUrl } from './database-url.js';
import { KeyCheck } from './key-check.js';
import { migrate } from './migrate.js';

/** Brings the schema up to date at start, one process at a time, and fills in what a new installation needs. */
@Injectable()
export class Migrator {
  private readonly firstRows: (() => Promise<void>)[] = [];
  private current = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly url: DatabaseUrl,
    private readonly keyCheck: KeyCheck,
  ) {}

  /** Registers work that runs after the migrations, still behind their lock: the first admin, seed agents. */
  afterMigrations(work: () => Promise<void>): void {
    this.firstRows.push(work);
  }

  async run(): Promise<void> {
    await migrate(
      this.dataSource,
      { connectionString: await this.url.direct(), ssl: this.url.tls },
      async () => {
        await this.keyCheck.ensure();
        for (const work of this.firstRows) await work();
      },
    );
    this.current = true;
  }

  /** Are all migrations of this build in the database? Once they are, they stay there. */
  async isCurrent(): Promise<boolean> {
    this.current ||= !(await this.dataSource.showMigrations());
    return this.current;
  }
}
