import { Injectable } from '@nestjs/common';
import { type StdioCommand } from './client/stdio-transport.js';
import { type McpServerRow } from './mcp-server.entity.js';
import { McpServersRepository } from './mcp-servers.repository.js';
import { ServersFile } from './servers-file.js';
import { type UpstreamAuth } from './upstream-auth.js';

/** How a server is reached. */
export type Reach =
  | {
      readonly transport: 'http';
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly auth: UpstreamAuth | null;
      /** Named by the operator's own file: its host is allowed, wherever it is. */
      readonly byOperator: boolean;
    }
  | { readonly transport: 'stdio'; readonly command: StdioCommand };

/** A server that this instance can talk to. */
export interface Upstream {
  readonly row: McpServerRow;
  readonly reach: Reach;
  /** Other connections than those of this version are closed. */
  readonly version: string;
}

/** How long a list is believed. A change of this instance is seen at once. */
const FRESH_MS = 1_000;

/** The servers as every call needs them: from memory, about a second old at most. */
@Injectable()
export class UpstreamServers {
  private rows: ReadonlyMap<string, McpServerRow> = new Map();
  private readAt = 0;
  private reading?: Promise<void>;

  constructor(
    private readonly repository: McpServersRepository,
    private readonly file: ServersFile,
  ) {}

  /** Undefined: there is none, it is disabled, or it is in the file of another instance only. */
  async find(id: string): Promise<Upstream | undefined> {
    if (Date.now() - this.readAt >= FRESH_MS) {
      this.reading ??= this.read().finally(() => (this.reading = undefined));
      await this.reading;
    }
    const row = this.rows.get(id);
    return row === undefined ? undefined : this.upstreamOf(row);
  }

  /** The newest row, for a check. */
  async load(id: string): Promise<Upstream | undefined> {
    const row = await this.repository.find(id);
    return row === null ? undefined : this.upstreamOf(row);
  }

  /** Makes the next `find` look at the database. */
  forget(): void {
    this.readAt = 0;
  }

  private async read(): Promise<void> {
    const startedAt = Date.now();
    this.rows = new Map((await this.repository.all()).map((row) => [row.id, row]));
    this.readAt = startedAt;
  }

  private upstreamOf(row: McpServerRow): Upstream | undefined {
    if (!row.enabled) return undefined;
    if (row.origin === 'api') {
      const { url, headers, auth, revision } = row;
      if (url === null) return undefined;
      const reach: Reach = { transport: 'http', url, headers, auth, byOperator: false };
      return { row, reach, version: String(revision) };
    }
    const server = this.file.get(row.name);
    if (server === undefined) return undefined;
    const reach: Reach = server.transport === 'stdio' ? server : { ...server, auth: null, byOperator: true };
    return { row, reach, version: this.file.fingerprint(row.name) };
  }
}
