import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createParser } from 'eventsource-parser';
import { warmUp } from '../support/runs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface Heard {
  readonly id: string;
  readonly type: string;
  readonly runId: string;
  readonly seq: number;
}

let server: TestApp;
let replica: TestApp;
let token: string;
beforeAll(async () => {
  const keys = { ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 9).toString('base64')}` };
  server = await startTestApp(keys);
  replica = await startTestApp({ ...keys, DATABASE_URL: server.databaseUrl });
  await warmUp();
  token = await server.login();
});
afterAll(async () => {
  await replica?.stop();
  await server?.stop();
});

/** Follows a conversation on one of the replicas until `enough` says so. */
async function follow(
  on: TestApp,
  id: string,
  enough: (heard: readonly Heard[]) => boolean,
  options: { lastEventId?: string; ready?: () => void } = {},
): Promise<Heard[]> {
  const abort = new AbortController();
  const heard: Heard[] = [];
  const response = await fetch(`${on.url}/api/v1/conversations/${id}/events`, {
    signal: abort.signal,
    headers: {
      authorization: `Bearer ${token}`,
      ...(options.lastEventId !== undefined && { 'last-event-id': options.lastEventId }),
    },
  });
  expect(response.status).toBe(200);
  options.ready?.();
  const parser = createParser({
    onEvent: ({ id: eventId = '', event = '', data }) => {
      const { runId, seq } = JSON.parse(data) as { runId: string; seq: number };
      heard.push({ id: eventId, type: event, runId, seq });
      if (enough(heard)) abort.abort();
    },
  });
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk as Uint8Array));
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  }
  return heard;
}

async function newConversation(): Promise<string> {
  return (await server.call('POST', '/api/v1/conversations', { token, body: {} })).body.id as string;
}

async function ask(id: string, input: string): Promise<string> {
  const answer = await server.call('POST', `/api/v1/conversations/${id}/runs`, { token, body: { input } });
  expect(answer.status).toBe(202);
  return answer.body.id as string;
}

const ended = (count: number) => (heard: readonly Heard[]) =>
  heard.filter((event) => event.type === 'run.completed').length === count;

function expectWhole(heard: readonly Heard[], runs: readonly string[]): void {
  expect([...new Set(heard.map((event) => event.runId))]).toEqual(runs);
  for (const runId of runs) {
    const own = heard.filter((event) => event.runId === runId);
    expect(own.map((event) => event.seq)).toEqual(own.map((_, index) => index + 1));
    expect(own.map((event) => event.id)).toEqual(own.map(({ seq }) => `${runId}/${seq}`));
  }
}

describe('the events of a conversation', () => {
  it('reach every client of every replica: all runs, in order, without a gap', async () => {
    const id = await newConversation();
    const open = [server, replica].map((on) => {
      let ready: () => void = () => undefined;
      const isOpen = new Promise<void>((resolve) => (ready = resolve));
      return { isOpen, heard: follow(on, id, ended(3), { ready }) };
    });
    await Promise.all(open.map(({ isOpen }) => isOpen));
    const runs = [await ask(id, 'What is 1 + 1?'), await ask(id, 'What is 2 + 2?')];
    await server.call('GET', `/api/v1/runs/${runs[1]}/wait?timeoutMs=20000`, { token });
    runs.push(await ask(id, 'What is 3 + 3?'));
    for (const { heard } of open) expectWhole(await heard, runs);
  });

  it('go on after Last-Event-ID on another replica, within a run and behind it', async () => {
    const id = await newConversation();
    const runs = [await ask(id, 'What is 1 + 1?'), await ask(id, 'What is 2 + 2?')];
    for (const run of runs) await server.call('GET', `/api/v1/runs/${run}/wait?timeoutMs=20000`, { token });
    const lastEventId = `${runs[0]}/2`;
    const rest = await follow(replica, id, ended(2), { lastEventId });
    expect(rest[0]).toMatchObject({ runId: runs[0], seq: 3 });
    const second = await follow(server, id, ended(1), {
      lastEventId: rest.findLast((event) => event.runId === runs[0])?.id,
    });
    expectWhole(second, [runs[1] ?? '']);
  });

  it('begin, without Last-Event-ID, with the first run that has not ended', async () => {
    const id = await newConversation();
    const first = await ask(id, 'What is 1 + 1?');
    await server.call('GET', `/api/v1/runs/${first}/wait?timeoutMs=20000`, { token });
    let ready: () => void = () => undefined;
    const isOpen = new Promise<void>((resolve) => (ready = resolve));
    const heard = follow(server, id, ended(1), { ready });
    await isOpen;
    const second = await ask(id, 'What is 2 + 2?');
    expectWhole(await heard, [second]);
  });

  it('refuse an event id of another conversation', async () => {
    const [mine, other] = [await newConversation(), await newConversation()];
    const run = await ask(other, 'Hello');
    for (const after of [`${run}/1`, 'nonsense', `${mine}/1`]) {
      const answer = await server.call('GET', `/api/v1/conversations/${mine}/events?after=${after}`, {
        token,
      });
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_event_id']);
    }
  });
});
