import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { DatabaseUrl } from './database-url.js';

/** One PostgreSQL channel for everything: listening to more would not be cheaper, and names stay ours. */
const CHANNEL = 'mcp_server_events';
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5000;

export interface NotificationListener {
  /** A payload, in the order of commits. */
  received(payload: string): void;
  /** The line was broken and stands again: anything may have been missed. */
  resumed(): void;
}

/**
 * LISTEN and NOTIFY. One dedicated connection by the direct URL (a pooler would lose the subscription), made again
 * with growing pauses when it breaks.
 */
@Injectable()
export class Notifications implements OnApplicationShutdown {
  private readonly log = new Logger('Database');
  private listener?: NotificationListener;
  private client?: pg.Client;
  private retry?: NodeJS.Timeout;
  private pause = FIRST_RETRY_MS;
  private closed = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly url: DatabaseUrl,
  ) {}

  /** Sends payloads, each under 8000 bytes, with one statement. */
  async notify(payloads: readonly string[]): Promise<void> {
    await this.dataSource.query('select pg_notify($1, payload) from unnest($2::text[]) payload', [
      CHANNEL,
      payloads,
    ]);
  }

  /** Opens the line for the one listener of this process; rejects when the first connection fails. */
  async listen(listener: NotificationListener): Promise<void> {
    this.listener = listener;
    await this.connect();
  }

  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    const client = this.client;
    this.client = undefined;
    await client?.end().catch(() => undefined);
  }

  private async connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: await this.url.direct(),
      ssl: this.url.tls,
      connectionTimeoutMillis: 5000,
      application_name: 'mcp-server events',
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    });
    client.on('error', () => undefined); // `end` follows
    client.on('notification', ({ payload }) => this.listener?.received(payload ?? ''));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    if (this.closed) return client.end();
    this.client = client;
    this.pause = FIRST_RETRY_MS;
    client.on('end', () => {
      if (this.client === client) this.connectAgain('broke');
    });
  }

  private connectAgain(what: string): void {
    this.client = undefined;
    if (this.closed) return;
    this.log.warn(`The LISTEN connection ${what}; trying again`);
    this.retry = setTimeout(() => {
      this.connect().then(
        () => this.listener?.resumed(),
        () => this.connectAgain('cannot be made'),
      );
    }, this.pause);
    this.pause = Math.min(this.pause * 2, LAST_RETRY_MS);
  }
}
