import { type ClientBase, type Connection, type FieldDef, type Submittable } from 'pg';
import { ReadOnlyErrors } from './read-only.errors.js';

/** What the database says about a statement without running it. */
export interface Description {
  /** OIDs of the parameters' types. */
  readonly parameters: readonly number[];
  readonly columns: readonly FieldDef[];
  /** The statement as the database rewrote it, with every view and row policy in its place. */
  readonly tree: string;
}

/**
 * Lets the database parse, resolve and rewrite one statement: nothing is planned, so no function of it runs. Must be
 * called in a transaction. Throws the database's error.
 */
export async function describeStatement(client: ClientBase, text: string): Promise<Description> {
  await client.query(
    'set local debug_print_rewritten = on; set local debug_pretty_print = off; set local client_min_messages = log',
  );
  const trees: string[] = [];
  const onNotice = ({ detail = '' }: { detail?: string }) => trees.push(detail);
  client.on('notice', onNotice);
  try {
    const { parameters, columns } = await client.query(new Describe(text)).done;
    return { parameters, columns, tree: trees.join('\n') };
  } finally {
    client.off('notice', onNotice);
    // Fails when the statement did: the transaction is over then.
    await client
      .query('set local debug_print_rewritten = off; set local client_min_messages = warning')
      .catch(() => undefined);
  }
}

/** The messages Parse, Describe and Sync (PostgreSQL frontend/backend protocol), which `pg` always joins with Execute. */
class Describe implements Submittable {
  readonly done: Promise<Pick<Description, 'parameters' | 'columns'>>;
  private parameters: readonly number[] = [];
  private columns: readonly FieldDef[] = [];
  private connection?: Connection;
  private resolve!: (description: Pick<Description, 'parameters' | 'columns'>) => void;
  private reject!: (error: Error) => void;

  constructor(private readonly text: string) {
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  submit(connection: Connection): void {
    this.connection = connection;
    connection.on('parameterDescription', this.onParameters);
    connection.parse({ name: '', text: this.text, types: [] }, true);
    connection.describe({ type: 'S', name: '' }, true);
    connection.sync();
  }

  handleRowDescription(message: { fields: FieldDef[] }): void {
    this.columns = message.fields;
  }

  handleError(error: Error): void {
    this.connection?.off('parameterDescription', this.onParameters);
    this.reject(error);
  }

  handleReadyForQuery(): void {
    this.connection?.off('parameterDescription', this.onParameters);
    this.resolve({ parameters: this.parameters, columns: this.columns });
  }

  private readonly onParameters = (message: { dataTypeIDs: number[] }): void => {
    this.parameters = message.dataTypeIDs;
  };
}

const SELECT = ':commandType 1 ';

/**
 * Refuses a statement that is not a query, or that uses a function which may do more than compute: PostgreSQL's own
 * functions must be immutable, stable or known to be harmless; an extension's immutable or stable; any other has to be
 * one of `admitted` (`schema.name`), because a read-only transaction does not stop what a function does elsewhere
 * (locks, signals, notifications, connections of its own). Throws `sql_query_refused`.
 */
export async function checkStatement(
  client: ClientBase,
  { tree }: Description,
  admitted: readonly string[],
): Promise<void> {
  const commands = tree.match(/:commandType \d+ /g) ?? [];
  if (commands.length === 0 || commands.some((command) => command !== SELECT))
    throw ReadOnlyErrors.sql_query_refused(
      'The query must be one SELECT, VALUES, TABLE or WITH … SELECT that changes nothing.',
    );
  if (tree.includes('{ROWMARKCLAUSE '))
    throw ReadOnlyErrors.sql_query_refused(
      'The query must not lock rows: leave out FOR UPDATE and FOR SHARE.',
    );
  const { rows } = await client.query<{ name: string }>(USED_FUNCTIONS, [
    numbersAfter(tree, ['funcid', 'opfuncid', 'aggfnoid', 'winfnoid', 'hashfuncid', 'negfuncid']),
    numbersAfter(tree, ['opno', 'eqop', 'sortop']),
    HARMLESS,
    admitted,
  ]);
  const names = rows.map(({ name }) => name);
  if (names.length > 0)
    throw ReadOnlyErrors.sql_query_refused(
      `The query uses functions that may do more than read: ${names.join(', ')}. The operator can admit one by "functions" in SQL_DATABASES_FILE.`,
    );
}

/** Volatile functions of PostgreSQL that only compute or measure. */
const HARMLESS = [
  'random',
  'random_normal',
  'gen_random_uuid',
  'uuidv4',
  'uuidv7',
  'clock_timestamp',
  'timeofday',
  'pg_relation_size',
  'pg_table_size',
  'pg_indexes_size',
  'pg_total_relation_size',
  'pg_database_size',
];

const FIRST_OWN_OID = 16_384;

const USED_FUNCTIONS = `
select distinct n.nspname || '.' || p.proname as name
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where (p.oid = any($1::oid[]) or p.oid in (select oprcode from pg_operator where oid = any($2::oid[])))
  and n.nspname || '.' || p.proname <> all($4::text[])
  and not (
    p.oid < ${FIRST_OWN_OID} and (p.provolatile <> 'v' or (n.nspname = 'pg_catalog' and p.proname = any($3::text[])))
    or p.provolatile <> 'v' and not p.prosecdef
      and exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
  )
order by name limit 10`;

function numbersAfter(tree: string, fields: readonly string[]): string[] {
  const found = tree.matchAll(new RegExp(`:(?:${fields.join('|')}) (\\d+)`, 'g'));
  return [...new Set([...found].map(([, number = '0']) => number))];
}
