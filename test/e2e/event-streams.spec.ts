import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventBus } from '../../src/platform/events/event-bus.js';
import { makeAgents, TracedTools } from '../support/run-tools.js';
import { readEvents, startRun, warmUp } from '../support/runs.js';
import { until } from '../support/server-process.js';
import { sharedEnvironment, startTestApp, type TestApp } from '../support/test-app.js';

const LOOK_UP = { input: 'Look up the word "zebra"', agent: 'librarian' };
const EVENTS = 10_000;

const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-streams-'));
const tools = new TracedTools(folder);
let server: TestApp;
/** Hears nothing of what others announce. */
let deaf: TestApp;
let token: string;
/** The server's ends of its connections, by the port of the other end. */
const accepted = new Map<number, Socket>();
beforeAll(async () => {
  await warmUp();
  const shared = { ...(await sharedEnvironment()), EXTENSIONS_DIR: tools.extensions };
  server = await startTestApp(shared);
  server.app
    .getHttpServer()
    .on('connection', (socket: Socket) => accepted.set(socket.remotePort ?? 0, socket));
  deaf = await startTestApp({ ...shared, ROLE: 'api' });
  deaf.app.get(EventBus).subscribe = async () => async () => undefined;
  token = await server.login();
  await makeAgents(server, token);
});
afterAll(async () => {
  tools.release();
  await deaf?.stop();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const wait = async (id: string) =>
  (await server.call('GET', `/api/v1/runs/${id}/wait?timeoutMs=20000`, { token })).body;

/** A run that has ended, and has 40 MB of events: far more than the buffers of both ends hold. */
async function longRun() {
  const { run, conversationId } = await startRun(server, token, LOOK_UP);
  await wait(run.id);
  const [{ last = 0 } = {}] = await server.sql<{ last: number }>(
    `update run_events set seq = $2 where run_id = $1 and type = 'run.completed' returning seq as last`,
    [run.id, EVENTS],
  );
  await server.sql(
    `insert into run_events select run_id, n, 'message.delta', agent, path, jsonb_build_object('text', repeat('x', 4000)), at
       from run_events, generate_series(2, $2::int - 1) n where run_id = $1 and seq = 1
     on conflict do nothing`,
    [run.id, last],
  );
  await server.sql('update runs set last_seq = $2 where id = $1', [run.id, last]);
  return { id: run.id, conversationId };
}

/**
 * Reads a stream, `pace` bytes a second for 22 s, or nothing until the server has cut it off, and then as fast as it can,
 * until the server closes it.
 */
async function readAtPace(route: string, pace: number) {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const { localPort = 0 } = socket;
  await until('it is accepted', () => accepted.has(localPort));
  socket.on('error', () => undefined);
  const chunks: Buffer[] = [];
  const closed = new Promise<void>((resolve) => socket.once('close', resolve));
  socket.write(
    `GET ${route} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  );
  socket.pause();
  let size = 0;
  const start = Date.now();
  const isOver = () =>
    Date.now() >= start + 22_000 || (pace === 0 && accepted.get(localPort)?.closed !== false);
  for (; !isOver(); await delay(100)) {
    if (size < ((Date.now() - start) / 1000) * pace) {
      const chunk = (socket.read() as Buffer | null) ?? Buffer.alloc(0);
      chunks.push(chunk);
      size += chunk.length;
    }
  }
  const slowly = size;
  socket.on('data', (chunk) => chunks.push(chunk)).resume();
  await closed;
  const text = Buffer.concat(chunks).toString();
  return {
    slowly,
    bytes: text.length,
    ids: [...text.matchAll(/^id: (?:.*\/)?(\d+)$/gm)].map(([, id]) => Number(id)),
  };
}

describe('a reader', () => {
  it('[S40] that does not read is cut off, one that reads slowly gets everything, once and in order', async () => {
    const { id, conversationId } = await longRun();
    const route = `/api/v1/runs/${id}/events`;
    const [none, slow, cut] = await Promise.all([
      readAtPace(route, 0),
      readAtPace(route, 100_000),
      readAtPace(`/api/v1/conversations/${conversationId}/events?after=${id}/1`, 0),
    ]);
    expect(none.bytes).toBeGreaterThan(100_000);
    expect(none.bytes).toBeLessThan(20_000_000);
    expect(slow.slowly).toBeLessThan(3_000_000);
    expect(slow.ids).toEqual(Array.from({ length: EVENTS }, (_, index) => index + 1));
    // What it did get has no gap, so it can go on from there.
    expect(cut.bytes).toBeLessThan(20_000_000);
    expect(cut.ids).toEqual(cut.ids.map((_, index) => index + 2));
    expect((await wait(id)).status).toBe('completed');
  }, 90_000);

  it('goes on in the middle of a run on another replica', async () => {
    tools.hold();
    const { run } = await startRun(server, token, LOOK_UP);
    const route = `/api/v1/runs/${run.id}/events`;
    const stop = ({ type }: { type: string }) => type === 'tool_call.started';
    const first = await readEvents(server.url + route, { token, stop });
    const rest = readEvents(deaf.url + route, { token, lastEventId: first.at(-1)?.id });
    tools.release();
    const events = [...first, ...(await rest)];
    expect(events.map((event) => event.id)).toEqual(events.map((_, index) => index + 1));
    expect(events.at(-1)?.type).toBe('run.completed');
  });

  it('hears of everything within seconds when every wake-up was lost', async () => {
    const { run, conversationId } = await startRun(server, token, LOOK_UP);
    await wait(run.id);
    const abort = new AbortController();
    const response = await fetch(`${deaf.url}/api/v1/conversations/${conversationId}/events`, {
      headers: { authorization: `Bearer ${token}` },
      signal: abort.signal,
    });
    let text = '';
    const read = (async () => {
      for await (const chunk of response.body ?? []) text += Buffer.from(chunk as Uint8Array).toString();
    })().catch(() => undefined);
    const next = await server.call('POST', `/api/v1/conversations/${conversationId}/runs`, {
      token,
      body: LOOK_UP,
    });
    const own = readEvents(`${deaf.url}/api/v1/runs/${next.body.id}/events`, { token });
    const waited = deaf.call('GET', `/api/v1/runs/${next.body.id}/wait?timeoutMs=20000`, { token });
    expect((await own).at(-1)?.type).toBe('run.completed');
    expect((await waited).body.status).toBe('completed');
    await until('the conversation is told', () => text.includes('event: run.completed'));
    abort.abort();
    await read;
    expect(text).toContain(`id: ${next.body.id}/1\n`);
  });
});
