import { type Duplex } from 'node:stream';
import pg from 'pg';
import { AppError } from '../../../common/app-error.js';
import { OUTPUT_SETTINGS, type ResultColumn, resultColumns } from './column-types.js';
import { type DatabaseSpec } from './database-list.js';
import { queryError } from './query-error.js';
import { ReadOnlyErrors } from './read-only.errors.js';
import { type RoleProblem, roleProblems } from './role-proof.js';
import { checkStatement, describeStatement } from './statement-check.js';

/** A query that was found to only read. */
export interface CheckedQuery {
  /** OIDs of the parameters' types. */
  readonly parameters: readonly number[];
  readonly columns: readonly ResultColumn[];
}

export interface ReadLimits {
  readonly maxRows: number;
  /** Of the rows as JSON. */
  readonly maxBytes: number;
}

export interface ReadResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** There is more than the limits let through. */
  readonly truncated: boolean;
}

export interface DatabaseState {
  readonly state: 'ready' | 'refused' | 'unavailable';
  readonly problems: readonly RoleProblem[];
}

const CONNECTIONS = 4;
const CONNECT_TIMEOUT_MS = 5_000;
const LOCK_TIMEOUT_MS = 2_000;
/** Over this many bytes from the server in one session the connection is cut: one row alone can be a gigabyte. */
const MAX_SESSION_BYTES = 32 << 20;
const FIRST_BATCH = 16;
const MAX_BATCH = 500;
/** A proof and a check are believed for so long: somebody may grant a privilege or change a view. */
const BELIEVED_MS = 5 * 60_000;
const MAX_CHECKED = 500;
const JSON_TYPES = new Set([114, 3802]);

/**
 * One database of the operator that tools may read and nothing else. Three locks, each enough for tables: the role is
 * proven to be read-only, the transaction is READ ONLY, and the statement is one query that uses no function which
 * might do more, run by a cursor, which takes nothing but a query.
 */
export class ReadOnlyDatabase {
  private readonly pool: pg.Pool;
  private readonly received = new WeakMap<pg.PoolClient, { bytes: number }>();
  private readonly checked = new Map<string, { readonly at: number; readonly query: CheckedQuery }>();
  private proof?: { readonly at: number; readonly problems: readonly RoleProblem[] };

  constructor(
    readonly name: string,
    private readonly spec: DatabaseSpec,
  ) {
    this.pool = new pg.Pool({
      connectionString: spec.url,
      max: CONNECTIONS,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idleTimeoutMillis: 10_000,
      query_timeout: spec.statementTimeoutMs + 5_000,
      application_name: 'mcp-server sql tools',
    });
    this.pool.on('error', () => undefined); // the next query reports it
    this.pool.on('connect', (client) => this.measure(client));
  }

  /** The database's own limits, for callers that set none or higher ones. */
  get limits(): ReadLimits {
    return this.spec;
  }

  /** Can it be reached, and is its role read-only? */
  async state(): Promise<DatabaseState> {
    try {
      this.proof = undefined;
      await this.session(AbortSignal.timeout(CONNECT_TIMEOUT_MS * 2), async () => undefined);
    } catch {
      if (this.proof === undefined) return { state: 'unavailable', problems: [] };
    }
    const problems = this.proof?.problems ?? [];
    return { state: problems.length > 0 ? 'refused' : 'ready', problems };
  }

  /**
   * Parses a query without running it. Throws `sql_query_refused` with the database's own message, which may name
   * tables: for an admin only.
   */
  check(query: string, signal: AbortSignal): Promise<CheckedQuery> {
    return this.session(signal, (client) => this.inspect(client, query, true));
  }

  /**
   * Runs a query with bind parameters. Throws `sql_database_refused`, `sql_database_unavailable`, `sql_query_refused`,
   * `sql_arguments_refused`, `sql_query_timeout`, `sql_query_failed`, `sql_row_too_large`; when `signal` aborts, its reason.
   */
  read(
    query: string,
    values: readonly unknown[],
    { signal, maxRows, maxBytes }: Partial<ReadLimits> & { readonly signal: AbortSignal },
  ): Promise<ReadResult> {
    const limits = {
      maxRows: Math.min(maxRows ?? this.spec.maxRows, this.spec.maxRows),
      maxBytes: Math.min(maxBytes ?? this.spec.maxBytes, this.spec.maxBytes),
    };
    return this.session(signal, async (client) => {
      const { parameters, columns } = await this.inspect(client, query, false);
      signal.throwIfAborted();
      await client.query({
        text: `declare result no scroll cursor for ${query}`,
        values: parameters.map((type, index) => bindable(values[index], type)),
        // Never the simple protocol, which takes several statements.
        queryMode: 'extended',
      } as pg.QueryConfig);
      return fetchRows(client, columns, limits, signal);
    });
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async inspect(client: pg.PoolClient, query: string, isNew: boolean): Promise<CheckedQuery> {
    const known = this.checked.get(query);
    if (!isNew && known !== undefined && Date.now() - known.at < BELIEVED_MS) return known.query;
    let description;
    try {
      description = await describeStatement(client, query);
    } catch (error) {
      throw isNew ? queryError(error, { detailed: true }) : error;
    }
    await checkStatement(client, description, this.spec.functions);
    const columns = await resultColumns(client, description.columns);
    const checked = { parameters: description.parameters, columns };
    const [oldest] = this.checked.keys();
    if (this.checked.size >= MAX_CHECKED && oldest !== undefined) this.checked.delete(oldest);
    this.checked.set(query, { at: Date.now(), query: checked });
    return checked;
  }

  /** A read-only transaction that is always rolled back; a connection that is not sound afterwards is thrown away. */
  private async session<T>(signal: AbortSignal, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect().catch((error: unknown) => {
      throw ReadOnlyErrors.sql_database_unavailable(undefined, { cause: error });
    });
    const received = this.received.get(client);
    let isSound = true;
    const onAbort = () => {
      isSound = false;
      void this.cancel(client);
    };
    try {
      signal.throwIfAborted();
      signal.addEventListener('abort', onAbort, { once: true });
      if (received !== undefined) received.bytes = 0;
      await this.prove(client);
      await client.query(this.begin());
      return await work(client);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if ((received?.bytes ?? 0) > MAX_SESSION_BYTES)
        throw ReadOnlyErrors.sql_row_too_large(undefined, { cause: error });
      throw error instanceof AppError ? error : queryError(error);
    } finally {
      signal.removeEventListener('abort', onAbort);
      if (isSound) await client.query('rollback').catch(() => (isSound = false));
      client.release(!isSound);
    }
  }

  private begin(): string {
    const { statementTimeoutMs } = this.spec;
    return `begin transaction isolation level repeatable read, read only; set local statement_timeout = ${statementTimeoutMs}; set local lock_timeout = ${LOCK_TIMEOUT_MS}; set local idle_in_transaction_session_timeout = ${statementTimeoutMs}; ${OUTPUT_SETTINGS}`;
  }

  /** Throws `sql_database_refused` when the role could write. */
  private async prove(client: pg.PoolClient): Promise<void> {
    if (this.proof === undefined || Date.now() - this.proof.at > BELIEVED_MS)
      this.proof = { at: Date.now(), problems: await roleProblems(client) };
    if (this.proof.problems.length > 0) throw ReadOnlyErrors.sql_database_refused();
  }

  /** Ends what a connection runs, by another one; the server would notice a closed socket only when it writes. */
  private async cancel(client: pg.PoolClient): Promise<void> {
    const pid = (client as unknown as { readonly processID: number }).processID;
    const other = new pg.Client({
      connectionString: this.spec.url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: CONNECT_TIMEOUT_MS,
    });
    other.on('error', () => undefined);
    try {
      await other.connect();
      await other.query('select pg_cancel_backend($1)', [pid]);
    } catch {
      streamOf(client).destroy();
    } finally {
      await other.end().catch(() => undefined);
    }
  }

  private measure(client: pg.PoolClient): void {
    client.on('error', () => undefined); // the query that runs reports it
    const received = { bytes: 0 };
    this.received.set(client, received);
    const stream = streamOf(client);
    stream.on('data', (chunk: Buffer) => {
      received.bytes += chunk.length;
      if (received.bytes > MAX_SESSION_BYTES) stream.destroy();
    });
  }
}

/** Reads the cursor in batches until it ends or a limit is reached. */
async function fetchRows(
  client: pg.PoolClient,
  columns: readonly ResultColumn[],
  { maxRows, maxBytes }: ReadLimits,
  signal: AbortSignal,
): Promise<ReadResult> {
  const rows: Record<string, unknown>[] = [];
  let bytes = 0;
  for (let batch = FIRST_BATCH; ;) {
    signal.throwIfAborted();
    const { rows: fetched } = await client.query<(string | null)[]>({
      text: `fetch forward ${batch} from result`,
      rowMode: 'array',
      types: RAW,
    });
    for (const values of fetched) {
      const row = toRow(columns, values);
      bytes += Buffer.byteLength(JSON.stringify(row)) + 1;
      if (rows.length >= maxRows || bytes > maxBytes) return { rows, truncated: true };
      rows.push(row);
    }
    if (fetched.length < batch) return { rows, truncated: false };
    const fitting = Math.ceil((maxBytes - bytes) / (bytes / rows.length));
    batch = Math.max(1, Math.min(MAX_BATCH, maxRows + 1 - rows.length, fitting));
  }
}

/** Every value as the text that the server sent. */
const RAW = { getTypeParser: () => (text: string) => text } as unknown as pg.CustomTypesConfig;

function toRow(
  columns: readonly ResultColumn[],
  values: readonly (string | null)[],
): Record<string, unknown> {
  return Object.fromEntries(
    columns.map(({ name, toJson }, index) => {
      const text = values[index] ?? null;
      return [name, text === null ? null : toJson(text)];
    }),
  );
}

/** `pg` writes an array as PostgreSQL's own kind of array, which is not what a JSON parameter takes. */
function bindable(value: unknown, type: number): unknown {
  if (value === undefined || value === null) return null;
  return JSON_TYPES.has(type) ? JSON.stringify(value) : value;
}

function streamOf(client: pg.PoolClient): Duplex {
  return (client as unknown as { readonly connection: { readonly stream: Duplex } }).connection.stream;
}
