import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startAnthropicServer } from '../fakes/anthropic-server.js';
import { type LlmServer, type Script } from '../fakes/llm-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';
import { addMember } from '../support/accounts.js';
import { readEvents } from '../support/runs.js';
import { sharedEnvironment, startTestApp, type TestApp } from '../support/test-app.js';

// The loopback servers count 11 tokens in and 7 out: OpenAI at the end, Anthropic's input at the beginning.
const COST = { openai: [2, 10], anthropic: [3, 15] } as const;
const cost = (model: keyof typeof COST, input: number, output: number) =>
  (input * COST[model][0] + output * COST[model][1]) / 1e6;
const OK: Script = { kind: 'reply', text: 'All is well.' };
const STALLED: Script = { kind: 'reply', text: 'One two three', fault: { kind: 'stall' } };

describe('what calls without an answer used', () => {
  let openai: LlmServer;
  let anthropic: LlmServer;
  let server: TestApp;
  let admin: string;
  let env: Record<string, string>;
  beforeAll(async () => {
    openai = await startOpenAiServer();
    anthropic = await startAnthropicServer();
    const prices = path.join(mkdtempSync(path.join(tmpdir(), 'prices-')), 'prices.yaml');
    const line = (name: keyof typeof COST) =>
      `${name}:priced: { input: ${COST[name][0]}, output: ${COST[name][1]} }\n`;
    writeFileSync(prices, line('openai') + line('anthropic'));
    env = {
      ...(await sharedEnvironment()),
      ...{ LLM_MODEL: 'openai:priced', OPENAI_BASE_URL: openai.url, OPENAI_API_KEY: 'k' },
      ...{ ANTHROPIC_BASE_URL: anthropic.url, ANTHROPIC_API_KEY: 'k', MODEL_PRICES_FILE: prices },
      SHUTDOWN_SECONDS: '1',
    };
    server = await startTestApp(env);
    admin = await server.login();
    await agent('by-openai', { model: 'openai:priced' });
    await agent('by-anthropic', { model: 'anthropic:priced', fallbackModels: ['openai:priced'] });
  });
  afterAll(async () => {
    await server?.stop();
    await openai?.close();
    await anthropic?.close();
  });

  const agent = async (name: string, more: object) => {
    const body = { name, description: 'Helps', instructions: 'Help.', shared: true, ...more };
    expect((await server.call('POST', '/api/v1/agents', { token: admin, body })).status).toBe(201);
  };
  const member = () => addMember(server);
  const start = async (token: string, name: string) => {
    const body = { input: 'Go on, please', agent: name };
    const { status, body: run } = await server.call('POST', '/api/v1/runs', { token, body });
    expect(status).toBe(202);
    return run.id as string;
  };
  const ended = async (token: string, id: string) =>
    (await server.call('GET', `/api/v1/runs/${id}/wait?timeoutMs=20000`, { token })).body;
  const said = (token: string, id: string, word: string) =>
    readEvents(`${server.url}/api/v1/runs/${id}/events`, {
      token,
      stop: ({ type, data }) => type === 'message.delta' && String(data.text).includes(word),
    });
  const usage = async (token: string, groupBy = 'model') =>
    (await server.call('GET', `/api/v1/usage?groupBy=${groupBy}`, { token })).body;
  const stepsOf = async (token: string, id: string) =>
    (await server.call('GET', `/api/v1/runs/${id}/steps`, { token })).body.items;

  it('of a cancelled stream, when the provider told nothing: estimated, on run, model, agent, day and budget', async () => {
    const { id: userId, token } = await member();
    openai.play(STALLED);
    const id = await start(token, 'by-openai');
    await said(token, id, 'three');
    await server.call('POST', `/api/v1/runs/${id}/cancel`, { token });
    const run = await ended(token, id);
    expect(run).toMatchObject({ status: 'cancelled', usage: { modelCalls: 1, estimated: true } });
    const { inputTokens, outputTokens, costUsd } = run.usage;
    expect(outputTokens).toBe(Math.ceil('One two three'.length / 4));
    expect(inputTokens).toBeGreaterThan(0);
    expect(costUsd).toBeCloseTo(cost('openai', inputTokens, outputTokens), 12);
    const sum = { modelCalls: 1, inputTokens, outputTokens, estimatedCalls: 1, unpricedCalls: 0 };
    for (const [group, key] of [
      ['model', 'openai:priced'],
      ['agent', 'by-openai'],
      ['day', new Date().toISOString().slice(0, 10)],
    ] as const) {
      const { items, budget } = await usage(token, group);
      expect(items).toEqual([expect.objectContaining({ key, ...sum })]);
      expect(budget.tokensToday).toBe(inputTokens + outputTokens);
    }
    const body = { tokensPerDay: inputTokens + outputTokens, usdPerDay: null };
    await server.call('PUT', `/api/v1/users/${userId}/budget`, { token: admin, body });
    const again = await server.call('POST', '/api/v1/runs', {
      token,
      body: { input: 'x', agent: 'by-openai' },
    });
    expect([again.status, again.body.code]).toEqual([429, 'budget_exceeded']);
  });

  it('of a cancelled stream, when the provider told its input: that, and an estimate of the output', async () => {
    const { token } = await member();
    anthropic.play(STALLED);
    const id = await start(token, 'by-anthropic');
    await said(token, id, 'three');
    await server.call('POST', `/api/v1/runs/${id}/cancel`, { token });
    const run = await ended(token, id);
    expect(run.usage).toMatchObject({ inputTokens: 11, outputTokens: 4, estimated: true });
    const [step] = await stepsOf(token, id);
    expect(step).toMatchObject({ status: 'failed', usage: { inputTokens: 11, outputTokens: 4 } });
    expect((await usage(token)).items).toEqual([
      expect.objectContaining({ key: 'anthropic:priced', modelCalls: 1, inputTokens: 11, outputTokens: 4 }),
    ]);
  });

  it('of an answer that breaks off', async () => {
    const { token } = await member();
    openai.play({ kind: 'reply', text: 'One two three four', fault: { kind: 'cut', at: 'end' } });
    const run = await ended(token, await start(token, 'by-openai'));
    expect(run).toMatchObject({ status: 'failed', usage: { modelCalls: 1, estimated: true } });
    expect(run.usage.outputTokens).toBe(5);
    expect((await usage(token)).total).toMatchObject({ modelCalls: 1, outputTokens: 5, estimatedCalls: 1 });
  });

  it('of failed tries, at the model that was tried, and of the fallback that answered', async () => {
    const { token } = await member();
    // Broken in its first word: nothing was given out, so it is tried again, twice.
    anthropic.play({ kind: 'reply', text: 'grüße', fault: { kind: 'cut', at: 'utf-8' } });
    openai.play(OK);
    const id = await start(token, 'by-anthropic');
    const run = await ended(token, id);
    expect(run).toMatchObject({ status: 'completed', output: { text: 'All is well.' } });
    expect(run.usage).toMatchObject({ modelCalls: 1, inputTokens: 44, outputTokens: 7, estimated: false });
    expect(run.usage.costUsd).toBeCloseTo(cost('anthropic', 33, 0) + cost('openai', 11, 7), 12);
    const { items } = await usage(token);
    expect(items).toEqual([
      expect.objectContaining({ key: 'anthropic:priced', modelCalls: 3, inputTokens: 33, outputTokens: 0 }),
      expect.objectContaining({ key: 'openai:priced', modelCalls: 1, inputTokens: 11, outputTokens: 7 }),
    ]);
    const [step] = await stepsOf(token, id);
    expect(step.usage.calls.map(({ failed }: { failed?: true }) => failed === true)).toEqual([
      ...[true, true, true],
      false,
    ]);
  });

  it('is nothing when the provider refused to work', async () => {
    const { token } = await member();
    openai.play({ kind: 'error', status: 401 });
    const run = await ended(token, await start(token, 'by-openai'));
    expect(run).toMatchObject({ status: 'failed', usage: { inputTokens: 0, outputTokens: 0, costUsd: 0 } });
    expect((await usage(token)).items).toEqual([]);
  });

  it('of a call that a worker gave up to shut down is counted once, and the call that is made again too', async () => {
    const { token } = await member();
    anthropic.play(STALLED, OK);
    const id = await start(token, 'by-anthropic');
    await said(token, id, 'three');
    await server.stop();
    server = await startTestApp(env);
    const run = await ended(token, id);
    expect(run).toMatchObject({ status: 'completed', output: { text: 'All is well.' } });
    expect(run.usage).toMatchObject({ modelCalls: 1, inputTokens: 22, outputTokens: 11, estimated: true });
    const { total, budget } = await usage(token);
    expect(total).toMatchObject({ modelCalls: 2, inputTokens: 22, outputTokens: 11, estimatedCalls: 1 });
    expect(budget.tokensToday).toBe(33);
  });
});
