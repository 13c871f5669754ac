import { randomInt } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ENV, type Env } from '../../src/config/env.js';
import { makeLogger, PinoLoggerService } from '../../src/platform/telemetry/logger.js';
import { startAnthropicServer } from '../fakes/anthropic-server.js';
import { type LlmServer, type Script } from '../fakes/llm-server.js';
import { twoAgentMind } from '../fakes/minds.js';
import { startOpenAiServer } from '../fakes/openai-server.js';
import { makeRepository } from '../support/git-repository.js';
import { readEvents, startRun } from '../support/runs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const repository = makeRepository();
afterAll(() => rmSync(repository.folder, { recursive: true, force: true }));

const OPENAI = { model: 'openai:fake-1', variable: 'OPENAI_BASE_URL', key: 'OPENAI_API_KEY' } as const;
const PROVIDERS = [
  { name: 'openai by chat completions', ...OPENAI, api: 'chat', start: startOpenAiServer },
  { name: 'openai by Responses', ...OPENAI, api: 'responses', start: startOpenAiServer },
  {
    ...{ name: 'anthropic', model: 'anthropic:fake-1', variable: 'ANTHROPIC_BASE_URL' },
    ...{ key: 'ANTHROPIC_API_KEY', api: 'auto', start: startAnthropicServer },
  },
] as const;
const CANARY = 'sk-canary-7f3b9e1c';
const OK: Script = { kind: 'reply', text: 'All is well.' };
const failure = (status: number, more: object = {}): Script => ({ kind: 'error', status, ...more });
const CALL = { name: 'calculator', args: { expression: '1 + 1 + 1 + 1 + 1 + 1 + 1 + 1' } };

describe.each(PROVIDERS)('$name', ({ model, variable, key, api, start }) => {
  let llm: LlmServer;
  let server: TestApp;
  let token: string;
  beforeAll(async () => {
    llm = await start();
    server = await startTestApp({
      WORKSPACE_DIRS: repository.folder,
      LLM_MODEL: model,
      OPENAI_API: api,
      [variable]: llm.url,
      [key]: CANARY,
    });
    token = await server.login();
  });
  afterAll(async () => {
    await server?.stop();
    await llm?.close();
  });

  const eventsOf = (id: string) => readEvents(`${server.url}/api/v1/runs/${id}/events`, { token });
  const messagesOf = async (id: string) =>
    (await server.call('GET', `/api/v1/conversations/${id}/messages?limit=100`, { token })).body.items;
  /** Runs the analyst, alone, to its end. */
  async function run(...scripts: Script[]) {
    llm.play(...scripts);
    const before = llm.requests.length;
    const { conversationId, run: made } = await startRun(server, token, { input: 'Hi', agent: 'analyst' });
    const events = await eventsOf(made.id);
    const { body } = await server.call('GET', `/api/v1/runs/${made.id}`, { token });
    const calls = await server.sql<{ status: string }>('select status from tool_calls where run_id = $1', [
      made.id,
    ]);
    return { conversationId, run: body, events, calls, asked: llm.requests.length - before };
  }

  it('answers the question for two agents: in parallel, streamed, with true values and counted tokens', async () => {
    const [p, n] = [randomInt(1, 199) / 2, randomInt(100, 5000)];
    llm.think(twoAgentMind(repository.file, `${p}% of ${n}`));
    const { conversationId, run: made } = await startRun(server, token, {
      input: `Who changed ${repository.file} last and how many commits touched it? And what is ${p}% of ${n}?`,
    });
    const events = await eventsOf(made.id);
    expect(events.map((event) => event.id)).toEqual(events.map((_event, index) => index + 1));
    expect(events.at(-1)?.type).toBe('run.completed');
    const text: string = events.at(-1)?.data.output.text;
    expect(text).toContain(repository.lastAuthor);
    expect(text).toContain(`${repository.commits} commits touched`);
    expect(text).toContain(`= ${Math.round(p * n * 100) / 10_000}`);

    const deltas = events.filter((event) => event.type === 'message.delta');
    const ended = events.filter((event) => event.type === 'tool_call.completed');
    expect(ended.map((event) => event.data.tool).sort()).toEqual(['calculator', 'git_log']);
    expect(deltas[0]?.at).toBeLessThan(ended[1]?.at ?? 0);
    const said = deltas.filter((event) => event.data.messageId === events.at(-1)?.data.output.messageId);
    expect(said.length).toBeGreaterThan(5);
    expect(said.map((event) => event.data.text).join('')).toBe(text);
    expect(events.filter((event) => event.type === 'message.reset')).toEqual([]);
    const started = events.filter((event) => event.type === 'agent.started');
    const firstEnd = events.find((event) => event.type === 'agent.completed');
    const names = ['analyst', 'assistant', 'code-historian'];
    expect(started.map((event) => event.data.agent.name).sort()).toEqual(names);
    expect(started.at(-1)?.id).toBeLessThan(firstEnd?.id ?? 0);

    const { body } = await server.call('GET', `/api/v1/runs/${made.id}`, { token });
    expect(body.usage).toMatchObject({ inputTokens: 6 * 11, outputTokens: 6 * 7, modelCalls: 6 });
    expect(body.usage.estimated).toBe(false);
    expect((await messagesOf(conversationId)).at(-1)).toMatchObject({ generatedBy: 'llm', model });
    const owned = await server.sql(
      `select c.tool, s.kind, s.agent, u.email from tool_calls c join runs r on r.id = c.run_id and r.user_id = c.user_id
         join run_steps s on s.run_id = r.id and s.path = c.step join users u on u.id = r.user_id
        where r.id = $1 order by c.tool`,
      [made.id],
    );
    const by = { kind: 'tool', email: 'admin@example.com' };
    expect(owned).toEqual([
      { tool: 'calculator', agent: 'analyst', ...by },
      { tool: 'git_log', agent: 'code-historian', ...by },
    ]);
  });

  it.each([
    ['a wrong key', failure(401), 'model_unauthorized', 1],
    ['an unknown model', failure(404), 'model_not_found', 1],
    ['429 forever', failure(429, { headers: { 'retry-after': '0' } }), 'model_rate_limited', 3],
    ['429 for an hour', failure(429, { headers: { 'retry-after': '3600' } }), 'model_rate_limited', 1],
    [
      'a conversation that is too long',
      failure(400, { message: 'prompt is too long', code: 'context_length_exceeded' }),
      ...(['model_context_length', 1] as const),
    ],
    ['500', failure(500), 'model_unavailable', 3],
    ['529', failure(529), 'model_unavailable', 3],
    ['a web page', { kind: 'html' }, 'model_unavailable', 3],
  ] as [string, Script, string, number][])(
    '[R14] [R15] [R17] %s fails the run with its own code',
    async (_, script, code, requests) => {
      const { run: failed, events, asked } = await run(script);
      expect([failed.status, failed.error?.code, asked]).toEqual(['failed', code, requests]);
      expect(events.at(-1)).toMatchObject({ type: 'run.failed', data: { error: { code } } });
      expect(events.some((event) => event.type === 'message.reset')).toBe(false);
    },
  );

  it('[R14] two refusals with Retry-After, then one answer', async () => {
    const limited = failure(429, { headers: { 'retry-after': '1' } });
    const { run: made, events, asked, conversationId } = await run(limited, limited, OK);
    expect([made.status, made.output?.text, asked]).toEqual(['completed', 'All is well.', 3]);
    expect(events.filter((event) => event.type === 'message.created')).toHaveLength(1);
    expect(await messagesOf(conversationId)).toHaveLength(2);
  });

  it('[R17] a stream that is cut inside a character keeps what came, as incomplete, and is not said again', async () => {
    const cut: Script = { kind: 'reply', text: 'One two grüße three', fault: { kind: 'cut', at: 'utf-8' } };
    const { run: made, conversationId, asked } = await run(cut, OK);
    expect([made.status, made.error?.code, asked]).toEqual(['failed', 'model_unavailable', 1]);
    const kept = (await messagesOf(conversationId)).at(-1);
    expect(kept).toMatchObject({ role: 'assistant', status: 'incomplete' });
    expect(kept.content[0].text).toMatch(/^One two/);
    expect(kept.content[0].text).not.toContain('\uFFFD');
  });

  it('[R17] a stream that is cut inside the arguments of a tool runs no tool', async () => {
    const cut: Script = { kind: 'reply', calls: [CALL], fault: { kind: 'cut', at: 'tool call' } };
    const { run: made, calls, events } = await run(cut, OK);
    expect([made.status, made.error?.code, calls]).toEqual(['failed', 'model_unavailable', []]);
    expect(events.some((event) => event.type === 'tool_call.started')).toBe(false);
  });

  it('[R17] arguments that the token limit cut off run no tool; the model is told', async () => {
    const { run: made, calls, events } = await run({ kind: 'reply', calls: [CALL], isTooLong: true }, OK);
    expect([made.status, made.output?.text, calls]).toEqual(['completed', 'All is well.', []]);
    const failed = events.find((event) => event.type === 'tool_call.failed');
    expect(failed?.data.error.code).toBe('invalid_tool_arguments');
    expect(llm.asked().at(-1)?.results[0]).toMatch(/not a whole JSON object/);
  });

  it('[R18] arguments that do not fit are told by field, and may be repaired', async () => {
    const wrong: Script = { kind: 'reply', calls: [{ name: 'calculator', args: { expr: '2+2' } }] };
    const right: Script = { kind: 'reply', calls: [{ name: 'calculator', args: { expression: '2+2' } }] };
    const { run: made, calls } = await run(wrong, right, { kind: 'reply', text: 'It is 4.' });
    expect([made.status, made.output?.text]).toEqual(['completed', 'It is 4.']);
    expect(calls.map(({ status }) => status).sort()).toEqual(['completed', 'refused']);
    const [first, second] = llm.asked().at(-1)?.results ?? [];
    expect(first).toMatch(/expression/);
    expect(second).toBe('2+2 = 4');
  });

  it('[S61] a key that the provider quotes in its error stands in no answer, event, log line or row', async () => {
    const lines: string[] = [];
    const env: Env = { ...server.app.get<Env>(ENV), LOG_LEVEL: 'debug' };
    const logger = makeLogger(env, { write: (line: string) => lines.push(line) });
    server.app.useLogger(new PinoLoggerService(logger));
    const quoted = failure(401, { message: `Incorrect API key provided: ${CANARY}`, code: CANARY });
    const { conversationId, run: failed, events } = await run(quoted);
    server.app.useLogger(false);
    expect(lines.join('')).toContain('Incorrect API key provided: [redacted]');
    const seen = JSON.stringify([failed, events, await messagesOf(conversationId)]) + lines.join('');
    expect(seen).not.toContain(CANARY);
    const tables = await server.sql<{ name: string }>(
      "select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public'",
    );
    expect(tables.length).toBeGreaterThan(10);
    for (const { name } of tables) {
      const rows = await server.sql(`select 1 from ${name} t where t::text like $1`, [`%${CANARY}%`]);
      expect([name, rows]).toEqual([name, []]);
    }
  });

  it('[R23] cancel in the middle closes the upstream, keeps the part, and the next message works', async () => {
    llm.play({ kind: 'reply', text: 'One two three', fault: { kind: 'stall' } });
    const { conversationId, run: made } = await startRun(server, token, { input: 'Hi', agent: 'analyst' });
    await readEvents(`${server.url}/api/v1/runs/${made.id}/events`, {
      token,
      stop: (event) => event.type === 'message.delta' && String(event.data.text).includes('three'),
    });
    expect(llm.open()).toBe(1);
    await server.call('POST', `/api/v1/runs/${made.id}/cancel`, { token });
    expect((await eventsOf(made.id)).at(-1)?.type).toBe('run.cancelled');
    for (let wait = 0; llm.open() > 0 && wait < 100; wait += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(llm.open()).toBe(0);
    expect((await messagesOf(conversationId)).at(-1)).toMatchObject({
      status: 'incomplete',
      content: [{ type: 'text', text: 'One two three' }],
    });
    llm.play(OK);
    const next = await server.call('POST', `/api/v1/conversations/${conversationId}/runs`, {
      token,
      body: { input: 'And now?', agent: 'analyst' },
    });
    expect((await eventsOf(next.body.id)).at(-1)?.type).toBe('run.completed');
    expect(llm.asked().at(-1)?.question).toBe('And now?');
  });
});
