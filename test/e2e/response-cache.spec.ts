import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type LlmServer, type Script } from '../fakes/llm-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';
import { addMember } from '../support/accounts.js';
import { describeWithRedis, TestRedis } from '../support/redis-server.js';
import { readEvents } from '../support/runs.js';
import { sharedEnvironment, startTestApp, type TestApp } from '../support/test-app.js';

const KEEPS = { temperature: 0, cacheSeconds: 60 };
const TEXT = 'One two three four five six seven eight.';
const CALL = { name: 'calculator', args: { expression: '6 * 7' } };

let llm: LlmServer;
beforeAll(async () => {
  llm = await startOpenAiServer();
});
afterAll(() => llm?.close());

/** Starts a server on the loopback model. */
async function start(env: Record<string, string> = {}) {
  const server = await startTestApp({
    ...{ LLM_MODEL: 'openai:fake-1', OPENAI_BASE_URL: llm.url, OPENAI_API_KEY: 'k' },
    ...env,
  });
  const admin = await server.login();
  return { server, admin, ...helpers(server, admin) };
}

function helpers(server: TestApp, admin: string) {
  const agent = async (name: string, modelSettings: object | undefined, more: object = {}) => {
    const body = {
      name,
      description: 'd',
      instructions: `Help as ${name}.`,
      shared: true,
      modelSettings,
      ...more,
    };
    const made = await server.call('POST', '/api/v1/agents', { token: admin, body });
    expect([made.status, made.body.modelSettings]).toEqual([201, modelSettings]);
    return name;
  };
  /** Runs an agent to its end; `asked` is how often the model was. */
  const run = async (name: string, input = 'Go on', token = admin) => {
    const before = llm.requests.length;
    const { body } = await server.call('POST', '/api/v1/runs', { token, body: { input, agent: name } });
    const done = await server.call('GET', `/api/v1/runs/${body.id}/wait?timeoutMs=20000`, { token });
    return { run: done.body, asked: llm.requests.length - before };
  };
  const member = async () => (await addMember(server)).token;
  return { agent, run, member };
}

describe('the response cache', () => {
  let on: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    on = await start();
  });
  afterAll(() => on?.server.stop());
  const twice = async (name: string, input = 'Go on') => [
    await on.run(name, input),
    await on.run(name, input),
  ];
  const play = (...scripts: Script[]) => llm.play(...scripts);

  it('answers an identical call without the model: streamed, at no cost, and says so', async () => {
    play({ kind: 'reply', text: TEXT });
    const name = await on.agent('keeps', KEEPS);
    const token = await on.member();
    const first = await on.run(name, 'Go on', token);
    const second = await on.run(name, 'Go on', token);
    expect([first.asked, second.asked]).toEqual([1, 0]);
    expect(second.run.output.text).toBe(TEXT);
    expect(first.run.usage).toMatchObject({ inputTokens: 11, outputTokens: 7 });
    expect(first.run.usage).not.toHaveProperty('cacheHits');
    expect(second.run.usage).toMatchObject({
      ...{ modelCalls: 1, inputTokens: 0, outputTokens: 0, costUsd: 0, cacheHits: 1, estimated: false },
    });
    const route = `/api/v1/runs/${second.run.id}`;
    const events = await readEvents(`${on.server.url}${route}/events`, { token });
    const deltas = events.filter(({ type }) => type === 'message.delta').map(({ data }) => data.text);
    expect(deltas.length).toBeGreaterThan(1);
    expect(deltas.join('')).toBe(TEXT);
    const { body } = await on.server.call('GET', `${route}/steps`, { token });
    expect(body.items[0]).toMatchObject({ name: 'openai:fake-1', usage: { cached: true, costUsd: 0 } });
    const { total } = (await on.server.call('GET', '/api/v1/usage', { token })).body;
    expect(total).toMatchObject({ modelCalls: 1, cacheHits: 1, inputTokens: 11, outputTokens: 7 });
  });

  it('is off for calls that may differ, and where nobody turned it on', async () => {
    play({ kind: 'reply', text: TEXT });
    for (const [index, settings] of [
      undefined,
      { temperature: 0 },
      { cacheSeconds: 60 },
      { temperature: 0.1, cacheSeconds: 60 },
      { temperature: 0, cacheSeconds: 0 },
    ].entries()) {
      const results = await twice(await on.agent(`off-${index}`, settings));
      expect([index, ...results.map(({ asked }) => asked)]).toEqual([index, 1, 1]);
    }
  });

  it('[S73] is private to the user, and to the exact call', async () => {
    play({ kind: 'reply', text: TEXT });
    const name = await on.agent('mine', KEEPS);
    expect((await on.run(name)).asked).toBe(1);
    expect((await on.run(name)).asked).toBe(0);
    expect((await on.run(name, 'Go on', await on.member())).asked).toBe(1);
    expect((await on.run(name, 'Go on!')).asked).toBe(1);
    for (const change of [
      { modelSettings: { ...KEEPS, maxOutputTokens: 100 } },
      { instructions: 'Help more.' },
      { tools: ['calculator'] },
      { model: 'openai:fake-2' },
      { outputSchema: { type: 'object' } },
    ]) {
      await on.server.call('PATCH', `/api/v1/agents/${name}`, { token: on.admin, body: change });
      // An answer that does not fit a schema is asked for once more.
      expect([change, (await on.run(name)).asked > 0]).toEqual([change, true]);
    }
  });

  it('keeps a whole tool call, which runs again, and the answer after it', async () => {
    llm.think(({ results }) =>
      results.length === 0
        ? { kind: 'reply', text: 'I calculate.', calls: [CALL] }
        : { kind: 'reply', text: results[0] },
    );
    const [first, second] = await twice(await on.agent('calls', KEEPS, { tools: ['calculator'] }));
    expect([first?.asked, second?.asked]).toEqual([2, 0]);
    expect(second?.run).toMatchObject({
      status: 'completed',
      output: first?.run.output,
      usage: { cacheHits: 2, toolCalls: 1 },
    });
    const made = await on.server.sql('select status from tool_calls where run_id = any($1)', [
      [first?.run.id, second?.run.id],
    ]);
    expect(made).toEqual([{ status: 'completed' }, { status: 'completed' }]);
  });

  it.each<[string, Script]>([
    ['an error', { kind: 'error', status: 400 }],
    ['an answer that was cut off', { kind: 'reply', text: TEXT, isTooLong: true }],
    ['an answer that breaks off', { kind: 'reply', text: TEXT, fault: { kind: 'cut', at: 'end' } }],
    ['a tool call that was cut off', { kind: 'reply', calls: [CALL], isTooLong: true }],
  ])('never keeps %s', async (what, script) => {
    play(script, { kind: 'reply', text: TEXT });
    const name = await on.agent(`never-${what.replaceAll(' ', '-')}`, KEEPS, { tools: ['calculator'] });
    await on.run(name);
    const before = llm.requests.length;
    play({ kind: 'reply', text: 'Fresh.' });
    expect((await on.run(name)).run.output.text).toBe('Fresh.');
    expect(llm.requests.length - before).toBe(1);
  });

  it('forgets', async () => {
    play({ kind: 'reply', text: TEXT });
    const name = await on.agent('forgets', { temperature: 0, cacheSeconds: 1 });
    expect((await on.run(name)).asked).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect((await on.run(name)).asked).toBe(1);
  });

  it.each([[{ cacheSeconds: 100_000 }], [{ temperature: 3 }], [{ tempo: 1 }]])(
    'refuses the settings %j',
    async (modelSettings) => {
      const body = { name: 'bad', description: 'd', instructions: 'i', modelSettings };
      const { status } = await on.server.call('POST', '/api/v1/agents', { token: on.admin, body });
      expect(status).toBe(400);
    },
  );
});

describeWithRedis('the response cache in Redis, turned on by the operator', () => {
  it('outlives an instance; an agent can turn it off', async () => {
    const redis = await TestRedis.make();
    const env = { ...(await sharedEnvironment()), REDIS_URL: redis.url, MODEL_CACHE_SECONDS: '60' };
    let server = await start(env);
    try {
      llm.play({ kind: 'reply', text: TEXT });
      const name = await server.agent('everywhere', { temperature: 0 });
      expect((await server.run(name)).asked).toBe(1);
      const off = await server.agent('nowhere', { temperature: 0, cacheSeconds: 0 });
      expect([(await server.run(off)).asked, (await server.run(off)).asked]).toEqual([1, 1]);
      await server.server.stop();
      server = await start(env);
      const { asked, run } = await server.run(name);
      expect([asked, run.output.text]).toEqual([0, TEXT]);
      // Without Redis the model is asked.
      await redis.kill();
      expect((await server.run(name)).asked).toBe(1);
    } finally {
      await server.server.stop();
      await redis.remove();
    }
  });
});
