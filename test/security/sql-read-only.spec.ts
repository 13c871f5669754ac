import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AppError } from '../../src/common/app-error.js';
import { ReadOnlyDatabase } from '../../src/platform/database/read-only/read-only-database.js';
import { makeReportingDatabase, type ReportingDatabase } from '../support/read-only-database.js';
import { until } from '../support/server-process.js';

const LIMITS = { statementTimeoutMs: 3_000, maxRows: 1_000, maxBytes: 1 << 20, functions: [] as string[] };
let reporting: ReportingDatabase;
let database: ReadOnlyDatabase;

beforeAll(async () => {
  reporting = await makeReportingDatabase();
  database = new ReadOnlyDatabase('reporting', { ...LIMITS, url: reporting.url });
});
afterAll(async () => {
  await database?.close();
  await reporting?.stop();
});

const signal = () => new AbortController().signal;
const read = (query: string, values: unknown[] = []) => database.read(query, values, { signal: signal() });
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'it ran';
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
};
/** The same connection pool answers as before. */
const expectHealthy = async () => {
  expect((await read('select count(*)::int as count from orders')).rows).toEqual([{ count: 2 }]);
};

describe('what a query may do [S84]', () => {
  const WRITES: [string, string][] = [
    ['INSERT', `insert into orders values (3, 'Eve')`],
    ['UPDATE', `update orders set customer = 'Eve'`],
    ['a writing CTE', `with gone as (delete from orders returning id) select * from gone`],
    ['SELECT INTO', `select * into stolen from orders`],
    ['CREATE TABLE AS', `create table stolen as select 1`],
    ['COPY TO PROGRAM', `copy (select 1) to program 'touch /tmp/sql-canary'`],
    ['COPY FROM a file', `copy traces from '/etc/passwd'`],
    ['pg_read_file', `select pg_read_file('/etc/passwd')`],
    ['pg_ls_dir', `select pg_ls_dir('/')`],
    ['lo_import', `select lo_import('/etc/passwd')`],
    ['lo_create', `select lo_create(4711)`],
    ['pg_sleep', `select pg_sleep(60)`],
    ['pg_terminate_backend', `select pg_terminate_backend(pid) from pg_stat_activity`],
    ['pg_notify', `select pg_notify('channel', 'text')`],
    ['an advisory lock', `select pg_advisory_lock(1)`],
    ['set_config', `select set_config('transaction_read_only', 'off', false)`],
    ['nextval', `select nextval('counter')`],
    ['query_to_xml', `select query_to_xml('delete from orders', true, true, '')`],
    ['a function hidden in a view', `select * from sly`],
    ['a function hidden in an operator', `select 1 ~~~ 2`],
    ['a function hidden in a row policy', `select * from guarded`],
    ['a function in a window', `select sly_sum(1) over ()`],
    ['a function with side effects', `select leave_trace()`],
    ['a security definer function', `select leave_trace_as_owner()`],
    ['a function that lies about itself', `select says_stable()`],
    ['several statements', `select 1; delete from orders`],
    ['leaving the transaction', `commit; insert into orders values (3, 'Eve')`],
    ['an end of the cursor', `select 1; -- \n select 2`],
    ['DO', `do $$ begin perform 1; end $$`],
    ['SET', `set transaction read write`],
    ['FOR UPDATE', `select * from orders for update`],
    ['EXPLAIN ANALYZE', `explain analyze select leave_trace()`],
    ['SHOW', `show data_directory`],
    ['NOTIFY', `notify channel`],
    ['LISTEN', `listen channel`],
    ['LOCK', `lock table orders`],
    ['PREPARE', `prepare p as delete from orders`],
    ['nothing', `-- nothing`],
  ];

  beforeAll(async () => {
    await reporting.sql(`
      create sequence counter;
      create function leave_trace() returns int language plpgsql as $$ begin insert into traces values ('ran'); return 1; end $$;
      create function leave_trace_as_owner() returns int language plpgsql security definer as $$ begin insert into traces values ('ran'); return 1; end $$;
      create function says_stable() returns int language plpgsql stable as $$ begin perform pg_notify('channel', 'ran'); return 1; end $$;
      create view sly as select says_stable() as value;
      create function compare(int, int) returns bool language plpgsql as $$ begin perform leave_trace(); return true; end $$;
      create operator ~~~ (leftarg = int, rightarg = int, function = compare);
      create function add_up(int, int) returns int language plpgsql as $$ begin perform leave_trace(); return $1 + $2; end $$;
      create aggregate sly_sum(int) (sfunc = add_up, stype = int, initcond = '0');
      create table guarded (id int);
      alter table guarded enable row level security;
      create policy guard on guarded using (says_stable() = 1);`);
  });

  it.each(WRITES)('refuses %s', async (_name, query) => {
    expect(await codeOf(read(query))).toMatch(/^sql_query_(refused|failed)$/);
    expect(await codeOf(database.check(query, signal()))).toBe('sql_query_refused');
  });

  it('left no trace of any of them, and answers', async () => {
    expect(await reporting.sql('select * from traces')).toEqual([]);
    expect(await reporting.sql('select count(*)::int as count from orders')).toEqual([{ count: 2 }]);
    expect(
      await reporting.sql(
        `select count(*)::int as count from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
      ),
    ).toEqual([{ count: 0 }]);
    await expectHealthy();
  });

  it('lets through what only reads', async () => {
    expect(
      (
        await read(
          `select customer, upper(customer) as u, now() is not null as n from orders where id = $1`,
          [1],
        )
      ).rows,
    ).toEqual([{ customer: 'Ada', u: 'ADA', n: true }]);
    expect(
      (await read(`with a as (select 1 as x) select x, row_number() over (order by x) as r from a`)).rows,
    ).toEqual([{ x: 1, r: '1' }]);
    expect((await read('values (1, $1::text)', ["'; drop table orders; --"])).rows).toEqual([
      { column1: 1, column2: "'; drop table orders; --" },
    ]);
    expect((await read('table orders')).rows).toHaveLength(2);
  });

  it('runs what the operator admits, in a read-only transaction still', async () => {
    const admitting = new ReadOnlyDatabase('admitting', {
      ...LIMITS,
      url: reporting.url,
      functions: ['public.says_stable', 'public.leave_trace_as_owner', 'pg_catalog.pg_sleep'],
    });
    const run = (query: string) => admitting.read(query, [], { signal: signal() });
    expect((await run('select says_stable() as value')).rows).toEqual([{ value: 1 }]);
    expect(await codeOf(run('select leave_trace_as_owner()'))).toBe('sql_query_refused');
    expect(await codeOf(run('select pg_sleep(60)'))).toBe('sql_query_timeout');
    expect((await run('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await admitting.close();
  });
});

describe('how much a query may take', () => {
  it('cuts a result of ten million rows off, early', async () => {
    const { rows, truncated } = await read('select generate_series(1, 10000000) as n');
    expect([rows.length, rows.at(-1), truncated]).toEqual([1_000, { n: 1_000 }, true]);
    await expectHealthy();
  });

  it('cuts off by bytes', async () => {
    const result = await database.read(`select repeat('x', 1000) as text from generate_series(1, 500)`, [], {
      signal: signal(),
      maxBytes: 10_000,
    });
    expect([result.rows.length, result.truncated]).toEqual([9, true]);
    await expectHealthy();
  });

  it('cuts the connection when a single row would fill the memory', async () => {
    expect(await codeOf(read(`select repeat('x', 50000000) as text`))).toBe('sql_row_too_large');
    await expectHealthy();
  });

  it('ends what takes too long', async () => {
    expect(
      await codeOf(read('select count(*) from generate_series(1, 1000000000) a, generate_series(1, 1000) b')),
    ).toBe('sql_query_timeout');
    await expectHealthy();
  });

  it('cancels on the server when the caller is gone', async () => {
    const gone = new AbortController();
    const query = 'select count(*) as count from generate_series(1, 1000000) a, generate_series(1, 100000) b';
    const reading = database.read(query, [], { signal: gone.signal }).catch((error: unknown) => error);
    const isRunning = async () =>
      (
        await reporting.sql(`select 1 from pg_stat_activity where usename = $1 and state = 'active'`, [
          reporting.role,
        ])
      ).length > 0;
    while (!(await isRunning())) await new Promise((resolve) => setTimeout(resolve, 10));
    const reason = new Error('gone');
    gone.abort(reason);
    expect(await reading).toBe(reason);
    // The caller does not wait for it; uncancelled the query would take hours.
    await until('it has ended on the server', async () => !(await isRunning()), 5_000);
    await expectHealthy();
  });

  it('uses few connections, whatever is asked at once', async () => {
    await Promise.all(Array.from({ length: 50 }, () => expectHealthy()));
    const [open] = await reporting.sql(
      `select count(*)::int as count from pg_stat_activity where usename = $1`,
      [reporting.role],
    );
    expect(open?.count).toBeLessThanOrEqual(4);
  });
});

describe('values', () => {
  it('become JSON without loss', async () => {
    expect((await read('select * from orders order by id')).rows).toEqual([
      {
        id: '1',
        customer: 'Ada',
        total: '12.5000000001',
        placed: '2026-01-31T12:00:00.25Z',
        tags: ['a', 'b c'],
        details: { gift: true },
        secret: '3q2+7w==',
      },
      {
        id: '9007199254740993',
        customer: 'Bob',
        total: '3.0000000000',
        placed: null,
        tags: null,
        details: null,
        secret: null,
      },
    ]);
    const one =
      await read(`select 'NaN'::float8 as nan, 1.5::float4 as f, true as b, '1 day 2 hours'::interval as i,
      '2026-02-01'::date as d, '{{1,2},{3,NULL}}'::int[] as grid, 'infinity'::timestamptz as forever, 7::smallint as s`);
    expect(one.rows).toEqual([
      {
        nan: 'NaN',
        f: 1.5,
        b: true,
        i: 'P1DT2H',
        d: '2026-02-01',
        grid: [
          [1, 2],
          [3, null],
        ],
        forever: 'infinity',
        s: 7,
      },
    ]);
  });

  it('are bound by the type of their parameter', async () => {
    const { rows } = await read(
      'select $1::jsonb as j, $2::int[] as a, $3::text as t, $4::bool as b, $5::numeric as n',
      [[1, { a: 'x' }], [1, 2], 5, true, '12345678901234567890.5'],
    );
    expect(rows).toEqual([{ j: [1, { a: 'x' }], a: [1, 2], t: '5', b: true, n: '12345678901234567890.5' }]);
    expect(await codeOf(read('select * from orders where id = $1', ['abc']))).toBe('sql_arguments_refused');
  });
});

describe('the role', () => {
  const stateOf = async (url: string) => {
    const other = new ReadOnlyDatabase('other', { ...LIMITS, url });
    const state = await other.state();
    const refusal = await codeOf(other.read('select 1 as one', [], { signal: signal() }));
    await other.close();
    return { ...state, refusal };
  };

  it('is accepted when it can only read', async () => {
    expect(await stateOf(reporting.url)).toEqual({ state: 'ready', problems: [], refusal: 'it ran' });
  });

  it('is refused when it is a superuser, with the statements that mend it', async () => {
    const { state, problems, refusal } = await stateOf(reporting.ownerUrl);
    expect([state, refusal]).toEqual(['refused', 'sql_database_refused']);
    expect(problems[0]).toEqual({
      problem: 'mcp_admin is a superuser',
      fix: 'ALTER ROLE mcp_admin NOSUPERUSER;',
    });
  });

  const GRANTS: [string, string, string][] = [
    ['a table privilege', 'grant insert on orders to READER', 'revoke insert on orders from READER'],
    [
      'a column privilege',
      'grant update (customer) on orders to READER',
      'revoke update (customer) on orders from READER',
    ],
    ['a privilege of PUBLIC', 'grant truncate on orders to public', 'revoke truncate on orders from public'],
    ['a sequence', 'create sequence steps; grant usage on sequence steps to READER', 'drop sequence steps'],
    [
      'CREATE on a schema',
      'grant create on schema public to READER',
      'revoke create on schema public from READER',
    ],
    [
      'CREATE on the database',
      "do $$ begin execute format('grant create on database %I to READER', current_database()); end $$",
      "do $$ begin execute format('revoke create on database %I from READER', current_database()); end $$",
    ],
    [
      'a role that it is a member of',
      'create role READER_team noinherit; grant delete on orders to READER_team; grant READER_team to READER',
      'drop owned by READER_team; drop role READER_team',
    ],
    [
      'pg_read_server_files',
      'grant pg_read_server_files to READER',
      'revoke pg_read_server_files from READER',
    ],
    [
      'pg_execute_server_program',
      'grant pg_execute_server_program to READER',
      'revoke pg_execute_server_program from READER',
    ],
    ['CREATEROLE', 'alter role READER createrole', 'alter role READER nocreaterole'],
    ['ownership', 'create table own (id int); alter table own owner to READER', 'drop table own'],
    [
      'a default that writes',
      'alter role READER set default_transaction_read_only = off',
      'alter role READER set default_transaction_read_only = on',
    ],
  ];
  it.each(GRANTS)('is refused by %s', async (_name, grant, revoke) => {
    const as = (text: string) => text.replaceAll('READER', reporting.role);
    await reporting.sql(as(grant));
    const { state, problems, refusal } = await stateOf(reporting.url);
    await reporting.sql(as(revoke));
    expect([state, refusal]).toEqual(['refused', 'sql_database_refused']);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.fix).toMatch(/^(ALTER|REVOKE|REASSIGN) .+;$/);
    expect((await stateOf(reporting.url)).state).toBe('ready');
  });

  it('that cannot log in is not told apart from a server that is away', async () => {
    const wrong = new URL(reporting.url);
    wrong.password = 'wrong';
    wrong.port = '1';
    expect(await stateOf(wrong.href)).toEqual({
      state: 'unavailable',
      problems: [],
      refusal: 'sql_database_unavailable',
    });
  });
});
