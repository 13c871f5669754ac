import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { PreparingClient } from '../../src/platform/database/preparing-client.js';
import { makeDatabase } from '../support/test-app.js';

let databaseUrl: string;
let client: PreparingClient;

beforeAll(async () => {
  databaseUrl = await makeDatabase();
});
beforeEach(async () => {
  client = new PreparingClient({ connectionString: databaseUrl });
  await client.connect();
});
afterEach(async () => client.end());

const prepared = async () =>
  (await client.query<{ statement: string }>('select statement from pg_prepared_statements')).rows.map(
    ({ statement }) => statement,
  );

/** Runs a statement as often as makes it a common one. */
async function often(text: string, values: (turn: number) => unknown[]) {
  const answers: unknown[] = [];
  for (let turn = 0; turn < 30; turn += 1) answers.push((await client.query(text, values(turn))).rows[0]);
  return answers;
}

describe('a statement that comes often', () => {
  it('is planned once a connection, and answers as before', async () => {
    const text = 'select $1::int + 1 as sum, $2::text as name';
    const answers = await often(text, (turn) => [turn, turn % 2 === 0 ? `n${turn}` : null]);
    expect(answers).toEqual(
      answers.map((_, turn) => ({ sum: turn + 1, name: turn % 2 === 0 ? `n${turn}` : null })),
    );
    expect(await prepared()).toEqual([text]);
  });

  it('is known on each connection by itself, also with a callback and in a transaction', async () => {
    const text = 'select $1::text as word';
    await often(text, (turn) => [`w${turn}`]);
    await client.end();
    client = new PreparingClient({ connectionString: databaseUrl });
    await client.connect();
    expect(await prepared()).toEqual([]);
    const answer = await new Promise((resolve, reject) => {
      client.query(text, ['one'], (error, result) => (error ? reject(error) : resolve(result.rows)));
    });
    expect(answer).toEqual([{ word: 'one' }]);
    expect(await prepared()).toEqual([text]);
    await client.query('begin');
    await expect(client.query(text, [{}, 'too many'])).rejects.toThrow('bind message supplies 2 parameters');
    await client.query('rollback');
    expect((await client.query(text, ['two'])).rows).toEqual([{ word: 'two' }]);
  });

  it('is left as it is when it has no parameters or a text of its own each time', async () => {
    for (let turn = 0; turn < 30; turn += 1) {
      await client.query('select 1 as one');
      await client.query(`select $1::int as n${turn}`, [turn]);
    }
    expect(await prepared()).toEqual([]);
  });

  it('gets a new connection when a migration changed the type of its answer', async () => {
    await client.query('create table things (id int, size int)');
    const text = 'select size from things where id = $1';
    await often(text, (turn) => [turn]);
    const other = new pg.Client({ connectionString: databaseUrl });
    await other.connect();
    await other.query('alter table things add column colour text');
    expect((await client.query(text, [1])).rows).toEqual([]);
    await other.query('alter table things alter column size type bigint');
    await other.end();
    const closed = new Promise((resolve) => client.once('end', resolve));
    await expect(client.query(text, [1])).rejects.toThrow('cached plan must not change result type');
    await closed;
    client = new PreparingClient({ connectionString: databaseUrl });
    await client.connect();
    expect((await client.query(text, [1])).rows).toEqual([]);
  });
});
