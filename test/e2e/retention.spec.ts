import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { firstIdAt, newId } from '../../src/common/ids.js';
import { ADVISORY_LOCKS } from '../../src/platform/database/advisory-locks.js';
import { Housekeeping } from '../../src/platform/database/housekeeping.service.js';
import { RunLogRepository } from '../../src/runs/run-log.repository.js';
import { makeAgents, TracedTools } from '../support/run-tools.js';
import { readEvents, startRun, warmUp } from '../support/runs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-retention-'));
const tools = new TracedTools(folder);
let server: TestApp;
let token: string;
let conversationId: string;
/** A run of today. */
let young: string;
beforeAll(async () => {
  await warmUp();
  server = await startTestApp({
    EXTENSIONS_DIR: tools.extensions,
    RUN_EVENT_DAYS: '20',
    TOOL_CALL_DAYS: '40',
  });
  // It sweeps when a test says so, however long the suite takes.
  clearTimeout(server.app.get(Housekeeping)['timer']);
  token = await server.login();
  await makeAgents(server, token);
  const started = await startRun(server, token, { input: 'Look up the word "zebra"', agent: 'librarian' });
  conversationId = started.conversationId;
  young = started.run.id;
  const done = await server.call('GET', `/api/v1/runs/${young}/wait?timeoutMs=20000`, { token });
  expect(done.body.status).toBe('completed');
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const sweep = () => server.app.get(Housekeeping).run();
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);

/** The id of something that was made so many days ago. */
function idOf(days: number): string {
  return firstIdAt(daysAgo(days)).slice(0, 14) + newId().slice(14);
}

/** Makes rows like those of `young`, with other values. */
async function copy(table: string, id: { key: string; of: string }, values: Record<string, unknown>) {
  await server.sql(
    `insert into ${table} overriding system value
     select (jsonb_populate_record(null::${table}, to_jsonb(t) || $2)).* from ${table} t where ${id.key} = $1`,
    [id.of, JSON.stringify(values)],
  );
}

/** A run that ended so many days ago, with events and journal. */
async function oldRun(days: number, values: Record<string, unknown> = {}): Promise<string> {
  const id = idOf(days);
  const finished = { finished_at: daysAgo(days), ...values };
  const [real] = await server.sql<{ position: string }>('select position from runs where id = $1', [young]);
  await copy('runs', { key: 'id', of: young }, { id, position: Number(real?.position) - 1, ...finished });
  for (const table of ['run_steps', 'run_events'])
    await copy(table, { key: 'run_id', of: young }, { run_id: id });
  return id;
}

const count = async (table: string, key: string, id: string) =>
  (await server.sql<{ n: number }>(`select count(*)::int as n from ${table} where ${key} = $1`, [id]))[0]?.n;
const events = (id: string, lastEventId?: number) =>
  readEvents(`${server.url}/api/v1/runs/${id}/events`, {
    token,
    ...(lastEventId !== undefined && { lastEventId }),
  });

describe('a run that ended longer ago than RUN_EVENT_DAYS', () => {
  it('loses its events and what its steps said; its stream says how it ended, and that', async () => {
    const id = await oldRun(21);
    const [whole, run] = [await events(id), await server.call('GET', `/api/v1/runs/${id}`, { token })];
    await sweep();
    expect(await count('run_events', 'run_id', id)).toBe(0);
    expect((await server.call('GET', `/api/v1/runs/${id}`, { token })).body).toEqual(run.body);

    const last = whole.at(-1);
    const left = { id: last?.id, type: 'run.completed', data: expect.objectContaining({ pruned: true }) };
    for (const from of [undefined, 0, 3]) {
      const stream = await events(id, from);
      expect(stream).toEqual([expect.objectContaining(left)]);
      expect(stream[0]?.data.output).toEqual(run.body.output);
    }
    expect(await events(id, last?.id)).toEqual([]);
    expect((await server.call('GET', `/api/v1/runs/${id}/wait`, { token })).body).toEqual(run.body);
  });

  it('keeps what was done, when and at what cost, and that it heard from outside', async () => {
    const before = await server.call('GET', `/api/v1/runs/${young}/steps`, { token });
    const id = await oldRun(30);
    await sweep();
    const after = await server.call('GET', `/api/v1/runs/${id}/steps`, { token });
    const outline = (step: Record<string, unknown>) => ({ ...step, request: null, result: null });
    expect(after.body.items.map(outline)).toEqual(before.body.items.map(outline));
    expect(JSON.stringify(after.body)).not.toContain('zebra');
    for (const { request, result } of after.body.items) {
      expect(request).toEqual({ pruned: true });
      expect(result).toMatchObject({ pruned: true });
    }
    expect(await server.app.get(RunLogRepository).toolsUsed(id)).toEqual(['lookup_word']);
  });

  it('is passed over by who follows its conversation from it', async () => {
    const id = await oldRun(22);
    await server.sql('delete from runs where conversation_id = $1 and id not in ($2, $3)', [
      ...[conversationId, id, young],
    ]);
    await sweep();
    const abort = new AbortController();
    const response = await fetch(`${server.url}/api/v1/conversations/${conversationId}/events`, {
      headers: { authorization: `Bearer ${token}`, 'last-event-id': `${id}/2` },
      signal: abort.signal,
    });
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk as Uint8Array).toString();
      if (text.split('event: run.completed').length > 2) break;
    }
    abort.abort();
    const ids = [...text.matchAll(/^id: (.*)\/(\d+)$/gm)].map(([, run, seq]) => [run, Number(seq)]);
    const whole = await events(young);
    expect(ids).toEqual([[id, whole.length], ...whole.map((event) => [young, event.id])]);
  });

  it('is found behind many that have not ended, however long it talked', async () => {
    const waiting: string[] = [];
    for (let n = 0; n < 60; n += 1)
      waiting.push(
        await oldRun(50, {
          status: 'queued',
          finished_at: null,
          start_at: daysAgo(-30),
          conversation_id: null,
        }),
      );
    const id = await oldRun(25, { last_seq: 12_000 });
    await server.sql(
      `insert into run_events select $1, n, 'message.delta', 'librarian', 'librarian', '{}', now()
         from generate_series(1000, 12000) n`,
      [id],
    );
    await sweep();
    expect(await count('run_events', 'run_id', id)).toBe(0);
    for (const one of [...waiting, young])
      expect(await count('run_events', 'run_id', one)).toBeGreaterThan(0);
    await server.sql('delete from runs where id = any($1)', [waiting]);
  });
});

describe('a run without a conversation', () => {
  it('is deleted RUN_DAYS after its end, however many runs of conversations are older', async () => {
    const lone = { conversation_id: null };
    const open = { finished_at: null, status: 'queued', start_at: daysAgo(-1) };
    const [old, younger] = [await oldRun(366, lone), await oldRun(364, lone)];
    const waiting = await oldRun(370, { ...lone, ...open });
    const others: string[] = [];
    for (let n = 0; n < 10; n += 1) others.push(await oldRun(400));
    // More than a sweep looks at at once.
    await server.sql(
      `insert into runs overriding system value
       select (jsonb_populate_record(null::runs, to_jsonb(r) || jsonb_build_object('id',
         overlay(r.id::text placing lpad(n::text, 12, '0') from 25)))).* from runs r, generate_series(1, 1500) n where id = $1`,
      [others[0]],
    );
    await sweep();
    const left = await server.sql<{ id: string }>('select id from runs where id = any($1) order by id', [
      [old, younger, waiting, ...others],
    ]);
    expect(left.map(({ id }) => id)).toEqual([younger, waiting, ...others].toSorted());
    for (const table of ['run_steps', 'run_events']) expect(await count(table, 'run_id', old)).toBe(0);
    await server.sql('delete from runs where id < $1', [younger]);
  });
});

describe('sweeping', () => {
  it('deletes records of tool calls after TOOL_CALL_DAYS, and told webhooks after a week', async () => {
    const [call] = await server.sql<{ id: string }>('select id from tool_calls where run_id = $1', [young]);
    const [old, younger] = [idOf(41), idOf(39)];
    for (const id of [old, younger]) await copy('tool_calls', { key: 'id', of: call?.id ?? '' }, { id });
    const hook = newId();
    await server.sql(
      `insert into webhooks (id, user_id, url, events, secret) select $1, user_id, 'https://x.example', '{}', 'x' from runs where id = $2`,
      [hook, young],
    );
    await server.sql(
      `insert into webhook_deliveries (webhook_id, run_id, event_id, event, state, next_attempt_at, finished_at)
       select $1, $2, 'e' || n, 'run.completed', 'delivered', null, now() - case n when 0 then 6 else 8 end * interval '1 day'
         from generate_series(0, 6000) n`,
      [hook, young],
    );
    await sweep();
    expect(await count('tool_calls', 'id', old)).toBe(0);
    expect(await count('tool_calls', 'id', younger)).toBe(1);
    expect(await count('webhook_deliveries', 'webhook_id', hook)).toBe(1);
  });

  it('forgets what callers of tools were asked after 30 days, not what runs asked', async () => {
    // More than a sweep deletes at once.
    await server.sql(
      `insert into approvals (id, run_id, step, agent, user_id, kind, reason, attempt, tool, definition_hash,
           requested_arguments, requested_hash, arguments, arguments_hash, status, created_at, expires_at)
       select gen_random_uuid(), case m when 0 then id end, case m when 0 then 's' end, case m when 0 then 'a' end, user_id,
           'tool_call', 'policy', 0, 't' || n, '', '{}', '', '{}', '', 'expired', now() - d * interval '1 day', now()
         from runs, (select 1 as m, 31 as d, n from generate_series(1, 6000) n union values (1, 29, 0), (0, 31, 0)) as v
        where id = $1`,
      [young],
    );
    await sweep();
    const left = await server.sql(
      'select run_id is null as direct, created_at > $1 as young from approvals',
      [daysAgo(30)],
    );
    expect(left).toEqual(
      expect.arrayContaining([
        { direct: true, young: true },
        { direct: false, young: false },
      ]),
    );
    expect(left).toHaveLength(2);
  });

  it('deletes expired context, also of sessions that never look at it', async () => {
    await server.sql(
      `insert into session_context (session_id, key, value, expires_at)
       select s.id, k, '1', now() + m * interval '1 minute' from sessions s, (values ('gone', -1), ('here', 9)) as v(k, m)`,
    );
    await sweep();
    expect(await server.sql('select distinct key from session_context')).toEqual([{ key: 'here' }]);
  });

  it('is done by one replica at a time', async () => {
    const id = await oldRun(21);
    const other = new pg.Client({ connectionString: server.databaseUrl });
    await other.connect();
    await other.query(`begin; select pg_advisory_xact_lock(${ADVISORY_LOCKS.housekeeping})`);
    await sweep();
    expect(await count('run_events', 'run_id', id)).toBeGreaterThan(0);
    await other.end();
    await sweep();
    expect(await count('run_events', 'run_id', id)).toBe(0);
  });
});
