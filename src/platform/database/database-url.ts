import { readFileSync } from 'node:fs';
import { Logger } from '@nestjs/common';
import { dataDir, type Env } from '../../config/env.js';
import { EmbeddedPostgres } from './embedded/embedded-postgres.js';

/** TLS options in the form that `pg` takes. */
type Tls = false | { rejectUnauthorized: boolean; ca?: string };

/**
 * Where the database is: DATABASE_URL, or the embedded PostgreSQL, which this starts and leaves. Made before the
 * application and outlives it, so that a start that fails leaves no PostgreSQL behind.
 */
export class DatabaseUrl {
  private readonly log = new Logger('Database');
  private embedded?: Promise<EmbeddedPostgres>;

  constructor(private readonly env: Env) {}

  /** URL for ordinary queries; may lead through a pooler. */
  async pooled(): Promise<string> {
    return this.env.DATABASE_URL ?? (await this.startEmbedded()).url;
  }

  /** URL for sessions that must be real ones: migrations, advisory locks, LISTEN. */
  async direct(): Promise<string> {
    return this.env.DATABASE_DIRECT_URL ?? this.pooled();
  }

  get tls(): Tls {
    if (this.env.DATABASE_URL === undefined || this.env.DATABASE_SSL === 'disable') return false;
    const ca =
      this.env.DATABASE_CA_FILE === undefined ? undefined : readFileSync(this.env.DATABASE_CA_FILE, 'utf8');
    return { rejectUnauthorized: this.env.DATABASE_SSL === 'verify-full', ca };
  }

  /** Leaves the embedded PostgreSQL. Called last, when the application has closed its connections. */
  async leave(): Promise<void> {
    await (await this.embedded?.catch(() => undefined))?.leave();
  }

  private startEmbedded(): Promise<EmbeddedPostgres> {
    this.embedded ??= EmbeddedPostgres.start(dataDir(this.env), {
      onRestart: () => this.log.warn('The embedded PostgreSQL had died; it runs again'),
      onError: (error) => this.log.error(`The embedded PostgreSQL does not start again: ${error.message}`),
    });
    return this.embedded;
  }
}
