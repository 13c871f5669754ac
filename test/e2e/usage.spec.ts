import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ModelPrices } from '../../src/agents/models/model-prices.service.js';
import { readEnv } from '../../src/config/env.js';
import { type Asked, type LlmServer } from '../fakes/llm-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';
import { addMember } from '../support/accounts.js';
import { until } from '../support/server-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

// Every answer of the loopback server counts 11 tokens in and 7 out.
const COST = (11 * 2 + 7 * 10) / 1e6;

describe('usage and budgets', () => {
  let llm: LlmServer;
  let server: TestApp;
  let admin: string;
  beforeAll(async () => {
    llm = await startOpenAiServer();
    llm.play({ kind: 'reply', text: 'Done.' });
    const prices = path.join(mkdtempSync(path.join(tmpdir(), 'prices-')), 'prices.yaml');
    writeFileSync(prices, 'openai:priced-*: { input: 2, output: 10 }\n');
    server = await startTestApp({
      LLM_MODEL: 'openai:priced-1',
      OPENAI_BASE_URL: llm.url,
      MODEL_PRICES_FILE: prices,
    });
    admin = await server.login();
    await agent('plain', {});
    await agent('unpriced', { model: 'openai:unknown-1' });
    await agent('caller', { tools: ['calculator'], limits: { maxCostUsd: 1 } });
  });
  afterAll(async () => {
    await server?.stop();
    await llm?.close();
  });

  const agent = async (name: string, more: object) => {
    const body = { name, description: 'Helps', instructions: 'Help.', shared: true, ...more };
    expect((await server.call('POST', '/api/v1/agents', { token: admin, body })).status).toBe(201);
  };
  const member = () => addMember(server);
  const start = (token: string, more: object = {}) =>
    server.call('POST', '/api/v1/runs', { token, body: { input: 'Go', agent: 'plain', ...more } });
  const run = async (token: string, more: object = {}) => {
    const { status, body } = await start(token, more);
    expect(status).toBe(202);
    return (await server.call('GET', `/api/v1/runs/${body.id}/wait?timeoutMs=15000`, { token })).body;
  };
  const usage = async (token: string, query = '') =>
    (await server.call('GET', `/api/v1/usage${query}`, { token })).body;

  it('a run knows its cost by the price file', async () => {
    const { usage } = await run(admin);
    expect(usage).toMatchObject({ inputTokens: 11, outputTokens: 7, modelCalls: 1, estimated: false });
    expect(usage.costUsd).toBeCloseTo(COST, 12);
  });

  it('a price that nobody gave is not known, not free', async () => {
    const { usage } = await run(admin, { agent: 'unpriced' });
    expect(usage).toMatchObject({ costUsd: 0, unpricedCalls: 1 });
  });

  it('adds up by day, agent and model, for the caller alone', async () => {
    const { token } = await member();
    expect((await usage(token)).items).toEqual([]);
    await run(token);
    await run(token);
    await run(token, { agent: 'unpriced' });
    const byDay = await usage(token);
    const today = new Date().toISOString().slice(0, 10);
    expect(byDay.items).toEqual([expect.objectContaining({ key: today, modelCalls: 3, inputTokens: 33 })]);
    expect(byDay.total).toMatchObject({ modelCalls: 3, unpricedCalls: 1 });
    expect(byDay.total.costUsd).toBeCloseTo(2 * COST, 9);
    expect((await usage(token, '?groupBy=agent')).items.map(({ key }: { key: string }) => key)).toEqual([
      'plain',
      'unpriced',
    ]);
    expect((await usage(token, '?groupBy=model')).items[0]).toMatchObject({
      key: 'openai:priced-1',
      modelCalls: 2,
    });
  });

  it('only admins read the usage of others', async () => {
    const { id, token } = await member();
    await run(token);
    const other = id.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    for (const query of ['?user=all', `?user=${other}`, '?groupBy=user']) {
      const { status, body } = await server.call('GET', `/api/v1/usage${query}`, { token });
      expect([query, status, body.code]).toEqual([query, 403, 'usage_of_others']);
    }
    expect((await usage(admin, `?user=${id}`)).total.modelCalls).toBe(1);
    const all = await usage(admin, '?user=all&groupBy=user');
    expect(all.items.find(({ key }: { key: string }) => key === id)).toMatchObject({ modelCalls: 1 });
  });

  it.each([
    ['?from=yesterday'],
    ['?from=2026-02-01&to=2026-01-01'],
    ['?from=2020-01-01&to=2026-01-01'],
    ['?x=1'],
  ])('refuses %s', async (query) => {
    expect((await server.call('GET', `/api/v1/usage${query}`, { token: admin })).status).toBe(400);
  });

  it('[S70] [S80] a user who has spent his budget, which is audited, gets 429 until midnight, others go on', async () => {
    const { id, token } = await member();
    const budget = { tokensPerDay: 30, usdPerDay: null };
    const route = `/api/v1/users/${id}/budget`;
    expect((await server.call('PUT', route, { token, body: budget })).status).toBe(403);
    expect((await server.call('PUT', route, { token: admin, body: budget })).status).toBe(200);
    expect(
      await server.sql(
        `select action, details from audit_log where target_type = 'user' and target_id = $1
        and action like 'budget%'`,
        [id],
      ),
    ).toEqual([{ action: 'budget.changed', details: budget }]);
    await run(token);
    expect((await run(token)).status).toBe('completed');
    const { status, body, headers } = await start(token);
    expect([status, body.code]).toEqual([429, 'budget_exceeded']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(86_400);
    expect((await usage(token)).budget).toEqual({
      tokensPerDay: 30,
      usdPerDay: null,
      tokensToday: 36,
      usdToday: expect.closeTo(2 * COST, 9),
    });
    expect((await run((await member()).token)).status).toBe('completed');
  });

  it('[S70] a budget of dollars counts too, and ends a run in its middle', async () => {
    const { id, token } = await member();
    const body = { tokensPerDay: null, usdPerDay: COST * 1.5 };
    await server.call('PUT', `/api/v1/users/${id}/budget`, { token: admin, body });
    let sum = 0;
    llm.think(() => ({
      kind: 'reply',
      calls: [{ name: 'calculator', args: { expression: `1 + ${(sum += 1)}` } }],
    }));
    const stopped = await run(token, { agent: 'caller' });
    expect(stopped).toMatchObject({ status: 'failed', error: { code: 'budget_exceeded' } });
    expect(stopped.usage.modelCalls).toBe(2);
    expect((await start(token)).body.code).toBe('budget_exceeded');
  });

  it('[S70] maxCostUsd ends a run', async () => {
    let sum = 0;
    llm.think(() => ({
      kind: 'reply',
      calls: [{ name: 'calculator', args: { expression: `2 + ${(sum += 1)}` } }],
    }));
    const stopped = await run(admin, { agent: 'caller', limits: { maxCostUsd: COST * 2.5 } });
    expect(stopped).toMatchObject({ status: 'failed', error: { code: 'run_cost_limit' } });
    expect(stopped.usage.modelCalls).toBe(3);
  });

  it('[S70] the same call again and again is refused, then ends the run', async () => {
    const asked: Asked[] = [];
    llm.think((question) => {
      asked.push(question);
      return { kind: 'reply', calls: [{ name: 'calculator', args: { expression: '6 * 7' } }] };
    });
    const stopped = await run(admin, { agent: 'caller' });
    expect(stopped).toMatchObject({ status: 'failed', error: { code: 'run_repeats_itself' } });
    const results = asked.at(-1)?.results ?? [];
    expect(results.filter((text) => text.includes('= 42'))).toHaveLength(5);
    expect(results.filter((text) => text.includes('is not run again'))).toHaveLength(3);
  });

  it('the usage of a run that goes on can be seen', async () => {
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    llm.think(async ({ results }) => {
      if (results.length === 0)
        return { kind: 'reply', calls: [{ name: 'calculator', args: { expression: '1+1' } }] };
      await held;
      return { kind: 'reply', text: 'Two.' };
    });
    const { body } = await start(admin, { agent: 'caller' });
    const view = async () => (await server.call('GET', `/api/v1/runs/${body.id}`, { token: admin })).body;
    await until('its usage is seen', async () => (await view()).usage.inputTokens > 0, 20_000);
    expect(await view()).toMatchObject({ status: 'running', usage: { inputTokens: 11, outputTokens: 7 } });
    release?.();
    const done = await server.call('GET', `/api/v1/runs/${body.id}/wait?timeoutMs=15000`, { token: admin });
    expect(done.body).toMatchObject({ status: 'completed', usage: { inputTokens: 22 } });
  });
});

describe('the price table', () => {
  const prices = new ModelPrices(readEnv({}));

  it('knows snapshots by the name of their model, and nothing by guess', () => {
    const tokens = { inputTokens: 1_000_000, outputTokens: 0 };
    expect(prices.costOf('openai:gpt-5-mini-2025-08-07', tokens)).toBe(0.25);
    expect(prices.costOf('anthropic:claude-sonnet-4-5-20250929', tokens)).toBe(3);
    expect(prices.costOf('openai:gpt-5-mini-ultra', tokens)).toBeUndefined();
    expect(prices.costOf('builtin:planner', tokens)).toBe(0);
  });

  it('counts what came from the cache, and what went into it, at its own price', () => {
    const tokens = {
      inputTokens: 1_000_000,
      cachedTokens: 500_000,
      cacheWriteTokens: 100_000,
      outputTokens: 0,
    };
    expect(prices.costOf('anthropic:claude-sonnet-4-5', tokens)).toBeCloseTo(
      0.4 * 3 + 0.5 * 0.3 + 0.1 * 3.75,
    );
  });

  it('charges every token of a call with a long prompt at the price of long prompts', () => {
    const tokens = (inputTokens: number) => ({ inputTokens, cachedTokens: 100_000, outputTokens: 100_000 });
    expect(prices.costOf('google:gemini-2.5-pro', tokens(200_000))).toBeCloseTo(0.125 + 0.0125 + 1);
    expect(prices.costOf('google:gemini-2.5-pro', tokens(200_001))).toBeCloseTo(0.25 + 0.025 + 1.5, 5);
  });

  it('does not know what a model costs whose price nobody confirmed', () => {
    const tokens = { inputTokens: 1, outputTokens: 1 };
    for (const id of ['openai:gpt-9', 'anthropic:claude-opus-5-5', 'google:gemini-9', 'openai:llama3.2'])
      expect(prices.costOf(id, tokens)).toBeUndefined();
  });

  it.each([['a: ['], ['openai:x: { input: -1, output: 1 }'], ['openai:x: 3']])(
    'a file with %s stops the start and names the variable',
    (text) => {
      const file = path.join(mkdtempSync(path.join(tmpdir(), 'prices-')), 'prices.yaml');
      writeFileSync(file, text);
      expect(() => new ModelPrices({ MODEL_PRICES_FILE: file })).toThrow(/MODEL_PRICES_FILE/);
    },
  );
});
