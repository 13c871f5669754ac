import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADVISORY_LOCKS } from '../../src/platform/database/advisory-locks.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let server: TestApp;
let token: string;
beforeAll(async () => {
  server = await startTestApp();
  token = await server.login();
});
afterAll(() => server?.stop());

const ROUTE = '/api/v1/conversations';
const post = (key: string, body: object, route = ROUTE) =>
  server.call('POST', route, { token, body, headers: { 'idempotency-key': key } });
const count = async () => (await server.sql('select id from conversations')).length;

describe('[R28] Idempotency-Key', () => {
  it('gives the first answer again', async () => {
    const key = randomUUID();
    const first = await post(key, { title: 'Once', metadata: { b: '1', a: '2' } });
    const before = await count();
    const again = await post(key, { metadata: { a: '2', b: '1' }, title: 'Once' });
    expect(first.status).toBe(201);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(again.status).toBe(201);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.body).toEqual(first.body);
    expect(await count()).toBe(before);
  });

  it('refuses another body under the same key', async () => {
    const key = randomUUID();
    await post(key, { title: 'One' });
    const other = await post(key, { title: 'Two' });
    expect(other.body).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
  });

  it('has one effect and 20 equal answers for 20 requests at once', async () => {
    const key = randomUUID();
    const before = await count();
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(key, { title: 'Twenty' })));
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 20 }, () => 201));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
    expect(answers.filter((answer) => answer.headers.get('idempotency-replayed') === null)).toHaveLength(1);
    expect(await count()).toBe(before + 1);
  });

  it('belongs to the object in the route', async () => {
    const key = randomUUID();
    const ids: string[] = [];
    for (const title of ['A', 'B']) ids.push((await post(randomUUID(), { title })).body.id);
    for (const id of ids) {
      const answer = await post(key, { content: 'hello' }, `${ROUTE}/${id}/messages`);
      expect(answer.body.conversationId).toBe(id);
    }
  });

  it('stores nothing when the request failed', async () => {
    const key = randomUUID();
    const failed = await post(key, { content: 'x' }, `${ROUTE}/${randomUUID()}/messages`);
    expect(failed.status).toBe(404);
    expect(await server.sql('select key from idempotency_keys where key = $1', [key])).toHaveLength(0);
  });

  it('answers 409 while the first request takes too long', async () => {
    const key = randomUUID();
    const { id } = (await post(randomUUID(), { title: 'Held' })).body;
    const [user] = await server.sql<{ id: string }>('select user_id as id from conversations where id = $1', [
      id,
    ]);
    // A lock on the same key from another session stands for a first request that does not end.
    const lock = [user?.id, 'POST /conversations', key].join('\n');
    await server.sql('select pg_advisory_lock(hashtextextended($1, $2))', [
      lock,
      ADVISORY_LOCKS.idempotencyKey,
    ]);
    const answer = await post(key, { title: 'Late' });
    expect(answer.body).toMatchObject({ status: 409, code: 'idempotency_key_in_flight' });
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  it('is forgotten after 24 hours', async () => {
    const key = randomUUID();
    const first = await post(key, { title: 'Day one' });
    await server.sql(`update idempotency_keys set created_at = now() - interval '25 hours' where key = $1`, [
      key,
    ]);
    const second = await post(key, { title: 'Day two' });
    expect(second.status).toBe(201);
    expect(second.body.id).not.toBe(first.body.id);
    expect((await post(key, { title: 'Day two' })).body).toEqual(second.body);
  });

  it('must be 1 to 255 visible characters', async () => {
    for (const key of ['', 'two words', 'x'.repeat(256)]) {
      const answer = await post(key, { title: 'Bad key' });
      expect(answer.body).toMatchObject({ status: 400, code: 'invalid_idempotency_key' });
    }
    expect((await post('x'.repeat(255), {})).status).toBe(201);
  });
});
