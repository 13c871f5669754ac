import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readDatabaseList } from '../../src/platform/database/read-only/database-list.js';
import { addMember } from '../support/accounts.js';
import {
  makeReportingDatabase,
  type ReportingDatabase,
  writeDatabaseList,
} from '../support/read-only-database.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let reporting: ReportingDatabase;
let server: TestApp;
let token: string;

const TOOL = {
  kind: 'sql',
  name: 'orders_of',
  description: 'The orders of a customer.',
  inputSchema: {
    type: 'object',
    properties: {
      customer: { type: 'object', properties: { name: { type: 'string' } } },
      atLeast: { type: 'number' },
    },
    required: ['customer'],
    additionalProperties: false,
  },
  source: {
    database: 'reporting',
    query: 'select id, total, placed from orders where customer = $1 and total >= coalesce($2, 0)',
    parameters: ['/customer/name', 'atLeast'],
  },
  annotations: { readOnlyHint: true },
};
const make = (change: object) =>
  server.call('POST', '/api/v1/tools', { token, body: { ...TOOL, ...change } });
const call = async (args: object) =>
  (await server.call('POST', '/api/v1/tools/orders_of/call', { token, body: { arguments: args } })).body;

beforeAll(async () => {
  reporting = await makeReportingDatabase();
  const SQL_DATABASES_FILE = writeDatabaseList({
    reporting: { url: reporting.url, maxRows: 5 },
    powerful: { url: reporting.ownerUrl },
    away: { url: 'postgres://nobody:canary-password@127.0.0.1:1/nothing' },
  });
  server = await startTestApp({ SQL_DATABASES_FILE });
  token = await server.login();
});
afterAll(async () => {
  await server?.stop();
  await reporting?.stop();
});

describe('a sql tool', () => {
  it('has the columns of its query as outputSchema', async () => {
    const { status, body } = await make({});
    expect(status).toBe(201);
    expect(body.outputSchema.properties.rows.items).toEqual({
      type: 'object',
      properties: {
        id: expect.objectContaining({ type: ['string', 'null'] }),
        total: expect.objectContaining({ type: ['string', 'null'] }),
        placed: expect.objectContaining({ type: ['string', 'null'] }),
      },
      required: ['id', 'total', 'placed'],
      additionalProperties: false,
    });
  });

  it('binds its arguments, by name and by pointer', async () => {
    const ada = { id: '1', total: '12.5000000001', placed: '2026-01-31T12:00:00.25Z' };
    expect((await call({ customer: { name: 'Ada' } })).structuredContent).toEqual({
      rows: [ada],
      truncated: false,
    });
    expect((await call({ customer: { name: 'Ada' }, atLeast: 13 })).structuredContent.rows).toEqual([]);
    expect((await call({ customer: { name: `' or 1=1 --` } })).structuredContent.rows).toEqual([]);
    expect((await call({ customer: {} })).structuredContent.rows).toEqual([]);
  });

  it('has another outputSchema when its query changes', async () => {
    const source = {
      ...TOOL.source,
      query: 'select count(*)::int as orders from orders where customer = $1',
      parameters: ['/customer/name'],
    };
    const { status, body } = await server.call('PATCH', '/api/v1/tools/orders_of', {
      token,
      body: { source },
    });
    expect([status, body.version]).toEqual([200, 2]);
    expect((await call({ customer: { name: 'Ada' } })).structuredContent).toEqual({
      rows: [{ orders: 1 }],
      truncated: false,
    });
  });

  it('says when there is more', async () => {
    await make({
      name: 'numbers',
      inputSchema: { type: 'object', properties: {} },
      source: { database: 'reporting', query: 'select n from generate_series(1, 100) n', parameters: [] },
    });
    const { body } = await server.call('POST', '/api/v1/tools/numbers/call', { token, body: {} });
    expect([body.structuredContent.rows.length, body.structuredContent.truncated]).toEqual([5, true]);
    expect(body.content[0].text).toContain('5 rows, cut off: there are more.');
  });

  const REFUSED: [string, object, string, string][] = [
    [
      'an unknown table',
      { query: 'select * from nowhere where $1 = $2' },
      'source.query',
      'relation "nowhere" does not exist',
    ],
    ['a syntax error', { query: 'selekt 1' }, 'source.query', 'syntax error'],
    ['an INSERT', { query: 'insert into traces values ($1)' }, 'source.query', 'one SELECT'],
    ['a file', { query: `select pg_read_file('/etc/passwd')` }, 'source.query', 'pg_catalog.pg_read_file'],
    ['a missing parameter', { parameters: ['atLeast'] }, 'source.parameters', 'must name 2 arguments'],
    ['an unknown argument', { parameters: ['/customer/name', 'min'] }, 'source.parameters', '"min"'],
    [
      'two columns of one name',
      { query: 'select 1 as a, 2 as a where $1 = $2' },
      'source.query',
      'two columns',
    ],
    ['an unknown database', { database: 'nowhere' }, 'source.database', 'SQL_DATABASES_FILE'],
    ['a database whose role can write', { database: 'powerful' }, 'source.database', 'could write'],
    ['a database that is away', { database: 'away' }, 'source.database', 'does not answer'],
    ['an address', { url: 'postgres://127.0.0.1/x' }, 'source.url', 'is not known here'],
  ];
  it.each(REFUSED)('is refused with %s', async (_name, source, field, message) => {
    const answer = await make({ name: 'refused', source: { ...TOOL.source, ...source } });
    expect([answer.status, answer.body.code]).toEqual([422, 'invalid_tool_source']);
    expect(answer.body.errors).toEqual([{ field, message: expect.stringContaining(message) }]);
  });
});

describe('the list of databases', () => {
  it('tells an admin what is wrong with each, and never an address', async () => {
    const { status, body } = await server.call('GET', '/api/v1/sql-databases', { token });
    expect(status).toBe(200);
    expect(body.items.map(({ name, state }: { name: string; state: string }) => [name, state])).toEqual([
      ['reporting', 'ready'],
      ['powerful', 'refused'],
      ['away', 'unavailable'],
    ]);
    expect(body.items[1].problems[0].fix).toBe('ALTER ROLE mcp_admin NOSUPERUSER;');
    expect(JSON.stringify(body)).not.toMatch(/postgres:|canary|127\.0\.0\.1/);
    const member = await addMember(server);
    expect((await server.call('GET', '/api/v1/sql-databases', { token: member.token })).status).toBe(403);
  });

  it('stops the start when its file is wrong, and names no value', () => {
    const problemOf = (list: Record<string, object>) => {
      try {
        readDatabaseList(writeDatabaseList(list));
        return 'none';
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(problemOf({ a: { url: 'mysql://root:canary@x' } })).toMatch(
      /SQL_DATABASES_FILE a\.url must start with postgres/,
    );
    expect(problemOf({ a: { url: 'mysql://root:canary@x' } })).not.toContain('canary');
    expect(problemOf({ 'Not a name': { url: 'postgres://x/y' } })).toContain('is not a name');
    expect(problemOf({ a: { url: 'postgres://x/y', maxRow: 1 } })).toContain('SQL_DATABASES_FILE a');
    expect(() => readDatabaseList('/nonexistent')).toThrow('does not name a readable file');
    expect(readDatabaseList(undefined).size).toBe(0);
  });
});
