import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { addMember } from '../support/accounts.js';
import { writeFixtureTools } from '../support/fixture-tools.js';
import { type LegacySession, modern, openLegacy, postMcp } from '../support/mcp-client.js';
import { until } from '../support/server-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-ext-'));
const keys = `test:${Buffer.alloc(32, 7).toString('base64')}`;
const PUBLIC_URL = 'http://127.0.0.1:8000';
let first: TestApp;
let second: TestApp;
let token: string;
beforeAll(async () => {
  const shared = { EXTENSIONS_DIR: writeFixtureTools(folder), ENCRYPTION_KEYS: keys, PUBLIC_URL };
  first = await startTestApp(shared);
  second = await startTestApp({ ...shared, DATABASE_URL: first.databaseUrl });
  token = await first.login();
}, 60_000);
afterAll(async () => {
  await second?.stop();
  await first?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Waits {
  waitsStarted?: number;
  waitsCancelled?: number;
}
const waits = globalThis as Waits;

const on = (server: TestApp, session: LegacySession, message: object) =>
  postMcp(server, token, { jsonrpc: '2.0', ...message }, session.headers);
const echo = (text: string, id = 1) => ({
  id,
  method: 'tools/call',
  params: { name: 'echo', arguments: { text } },
});

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests read any shape; a wrong one fails the assertion
type Json = any;

/** Reads an event stream until a message fits. */
async function readUntil(response: Response, fits: (message: Json) => boolean): Promise<Json> {
  const events = response
    .body!.pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  for await (const event of events) {
    const message = event.data === '' ? undefined : JSON.parse(event.data);
    if (message !== undefined && fits(message)) return message;
  }
  throw new Error('the stream ended before');
}

function open(
  server: TestApp,
  method: string,
  headers: Record<string, string>,
  body?: object,
  signal?: AbortSignal,
) {
  return fetch(`${server.url}/mcp`, {
    method,
    signal,
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...headers,
    },
    ...(body && { body: JSON.stringify(body) }),
  });
}

describe('a session of a 2025-era client', () => {
  it('is served by every instance, also by one that starts later', async () => {
    const session = await openLegacy(first, token);
    expect((await on(second, session, echo('there'))).body.result.content[0].text).toBe('there');
    const third = await startTestApp({
      EXTENSIONS_DIR: path.join(folder, 'extensions'),
      ENCRYPTION_KEYS: keys,
      PUBLIC_URL,
      DATABASE_URL: first.databaseUrl,
    });
    try {
      const answers = await Promise.all([1, 2, 3, 4].map((id) => on(third, session, echo(`n${id}`, id))));
      expect(answers.map(({ body }) => body.result.content[0].text)).toEqual(['n1', 'n2', 'n3', 'n4']);
    } finally {
      await third.stop();
    }
  });

  it('ends everywhere with DELETE', async () => {
    const session = await openLegacy(first, token);
    await on(second, session, echo('warm'));
    expect((await open(first, 'DELETE', session.headers)).status).toBe(200);
    for (const server of [first, second]) {
      const answer = await on(server, session, echo('gone'));
      expect(answer.status).toBe(404);
      expect(answer.body).toMatchObject({ id: 1, error: { data: { code: 'mcp_session_not_found' } } });
    }
  });

  it("[S47] does not exist for another user, and its owner's stays open", async () => {
    const session = await openLegacy(first, token);
    const stranger = await addMember(first);
    for (const method of ['POST', 'GET', 'DELETE']) {
      const answer = await fetch(`${first.url}/mcp`, {
        method,
        headers: {
          ...session.headers,
          authorization: `Bearer ${stranger.token}`,
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
        },
        ...(method === 'POST' && { body: JSON.stringify({ jsonrpc: '2.0', ...echo('x') }) }),
      });
      expect(answer.status).toBe(404);
    }
    expect((await on(first, session, echo('mine'))).body.result.content[0].text).toBe('mine');
  });

  it('starts anew when initialize comes with an id that is gone', async () => {
    const answer = await postMcp(
      first,
      token,
      {
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } },
      },
      { 'mcp-session-id': 'no-such-session' },
    );
    expect(answer.status).toBe(200);
    expect(answer.headers.get('mcp-session-id')).toMatch(/^[A-Za-z0-9_-]{32}$/);
  });

  it('keeps at most 100 sessions of one user', async () => {
    const member = await addMember(first);
    await first.sql(
      `insert into mcp_sessions (id, user_id, initialize, last_seen_at)
       select 'old-' || n, $1, '{}', now() - n * interval '1 hour' from generate_series(1, 120) n`,
      [member.id],
    );
    const session = await openLegacy(first, member.token);
    const rows = await first.sql<{ id: string }>('select id from mcp_sessions where user_id = $1', [
      member.id,
    ]);
    const ids = rows.map(({ id }) => id);
    expect(ids).toHaveLength(100);
    expect(ids).toEqual(expect.arrayContaining([session.id, 'old-99']));
    expect(ids).not.toContain('old-100');
  });

  it('asks its client and gets the answer, also through another instance', async () => {
    for (const answering of [first, second]) {
      const session = await openLegacy(first, token, { elicitation: {} });
      const call = await open(first, 'POST', session.headers, {
        jsonrpc: '2.0',
        id: 7,
        method: 'tools/call',
        params: { name: 'confirm', arguments: { what: 'go' } },
      });
      const [questions, results] = call.body!.tee();
      const question = await readUntil(
        new Response(questions),
        (message) => message.method === 'elicitation/create',
      );
      const posted = await on(answering, session, {
        id: question.id,
        result: { action: 'accept', content: { yes: true } },
      });
      expect(posted.status).toBe(202);
      const result = await readUntil(new Response(results), (message) => message.id === 7);
      expect(result.result.content[0].text).toBe('go:true');
    }
  });

  it('cancels a call by notification, also through another instance', async () => {
    for (const cancelling of [first, second]) {
      const session = await openLegacy(first, token);
      const { waitsStarted = 0, waitsCancelled = 0 } = waits;
      const call = open(first, 'POST', session.headers, {
        jsonrpc: '2.0',
        id: 'long',
        method: 'tools/call',
        params: { name: 'waits', arguments: {} },
      });
      await until('the call has started', () => waits.waitsStarted === waitsStarted + 1, 5_000);
      await on(cancelling, session, { method: 'notifications/cancelled', params: { requestId: 'long' } });
      await until('the call is cancelled', () => waits.waitsCancelled !== waitsCancelled, 5_000);
      expect(waits.waitsCancelled).toBe(waitsCancelled + 1);
      await (await call).body?.cancel();
    }
  });

  it('resumes a broken stream by Last-Event-ID, and never with events of another session', async () => {
    const session = await openLegacy(first, token);
    const answer = await open(first, 'POST', session.headers, { jsonrpc: '2.0', ...echo('again', 3) });
    const [primed] = /^id: (.+)$/m.exec(await answer.text())!.slice(1);
    const replay = await open(first, 'GET', { ...session.headers, 'last-event-id': primed! });
    const message = await readUntil(replay, ({ id }) => id === 3);
    expect(message.result.content[0].text).toBe('again');
    const other = await openLegacy(first, token);
    const refused = await open(first, 'GET', { ...other.headers, 'last-event-id': primed! });
    expect(refused.status).toBe(400);
  });
});

describe('a change of the tools', () => {
  it('reaches listeners of both eras on another instance', async () => {
    const session = await openLegacy(second, token);
    const legacy = await open(second, 'GET', session.headers);
    const abort = new AbortController();
    const listening = await open(
      second,
      'POST',
      { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' },
      {
        jsonrpc: '2.0',
        id: 'sub',
        method: 'subscriptions/listen',
        params: {
          notifications: { toolsListChanged: true },
          _meta: {
            'io.modelcontextprotocol/protocolVersion': '2026-07-28',
            'io.modelcontextprotocol/clientCapabilities': {},
          },
        },
      },
      abort.signal,
    );
    const heard = Promise.all(
      [legacy, listening].map((response) =>
        readUntil(response, ({ method }) => method === 'notifications/tools/list_changed'),
      ),
    );
    await modern(first, token, 'tools/call', { name: 'changes', arguments: {} });
    const [, modernOne] = await heard;
    expect(modernOne.params._meta['io.modelcontextprotocol/subscriptionId']).toBe('sub');
    abort.abort();
  });
});

describe('[S48] 50 clients with equal JSON-RPC ids', () => {
  it('never get the answer of another', async () => {
    const sessions = await Promise.all(Array.from({ length: 50 }, () => openLegacy(first, token)));
    const calls = sessions.flatMap((session, client) =>
      [1, 2, 3, 4].map(async (id) => {
        const canary = `legacy-${client}-${id}`;
        const { body } = await on(id % 2 === 0 ? first : second, session, echo(canary, id));
        return body.id === id && body.result.content[0].text === canary;
      }),
    );
    const others = Array.from({ length: 50 }, async (_, client) => {
      const canary = `modern-${client}`;
      const { body } = await modern(first, token, 'tools/call', {
        name: 'echo',
        arguments: { text: canary },
      });
      return body.id === 1 && body.result.content[0].text === canary;
    });
    expect((await Promise.all([...calls, ...others])).filter((right) => !right)).toEqual([]);
  }, 60_000);
});
