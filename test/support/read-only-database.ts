import { randomUUID } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { makeDatabase } from './test-app.js';

export interface ReportingDatabase {
  /** The database as its owner. */
  readonly ownerUrl: string;
  /** As a role that may read the tables and nothing else. */
  readonly url: string;
  readonly role: string;
  /** Runs SQL as the owner. */
  sql<T = Record<string, unknown>>(text: string, values?: unknown[]): Promise<T[]>;
  stop(): Promise<void>;
}

/** A database with orders, and a read-only role for it. */
export async function makeReportingDatabase(): Promise<ReportingDatabase> {
  const ownerUrl = await makeDatabase();
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 2 });
  pool.on('error', () => undefined);
  const role = `reader_${randomUUID().slice(0, 8)}`;
  const sql = async <T>(text: string, values: unknown[] = []) => (await pool.query(text, values)).rows as T[];
  await sql(`
    create table orders (id bigint primary key, customer text not null, total numeric(30, 10), placed timestamptz, tags text[], details jsonb, secret bytea);
    insert into orders values
      (1, 'Ada', 12.5000000001, '2026-01-31 12:00:00.25+00', '{a,"b c"}', '{"gift": true}', '\\xdeadbeef'),
      (9007199254740993, 'Bob', 3, null, null, null, null);
    create table traces (note text);
    create role ${role} login password 'reader' in role pg_read_all_data;
    revoke create on schema public from public;
    alter role ${role} set default_transaction_read_only = on;`);
  const url = new URL(ownerUrl);
  url.username = role;
  url.password = 'reader';
  return {
    ownerUrl,
    url: url.href,
    role,
    sql,
    stop: async () => {
      await pool.end();
    },
  };
}

/** A SQL_DATABASES_FILE. */
export function writeDatabaseList(list: Record<string, object>): string {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'mcp-server-sql-')), 'databases.json');
  writeFileSync(file, JSON.stringify(list));
  return file;
}
