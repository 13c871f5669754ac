import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Asked, type LlmServer, type Script } from '../fakes/llm-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';
import { GatedTools } from '../support/gated-tools.js';
import { readEvents, warmUp } from '../support/runs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-simulate-'));
const tools = new GatedTools(folder);
let reached = 0;
const api = createServer((_request, response) => {
  reached += 1;
  response.end('{}');
});
let llm: LlmServer;
let server: TestApp;
let token: string;
beforeAll(async () => {
  await warmUp();
  llm = await startOpenAiServer();
  llm.think(obedient);
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  const { port } = api.address() as AddressInfo;
  server = await startTestApp({
    EXTENSIONS_DIR: tools.extensions,
    LLM_MODEL: 'openai:fake-1',
    OPENAI_BASE_URL: llm.url,
    OPENAI_API_KEY: 'sk-test',
    EGRESS_ALLOW: `127.0.0.1:${port}`,
  });
  token = await server.login();
  const post = async (route: string, body: object) => {
    const made = await server.call('POST', route, { token, body });
    if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  };
  const agent = { description: 'Does it.', instructions: 'Do it.' };
  await post('/api/v1/agents', { ...agent, name: 'worker', tools: ['*'] });
  await post('/api/v1/agents', { ...agent, name: 'boss', subAgents: ['worker'], pattern: 'supervisor' });
  const text = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] };
  await post('/api/v1/tools', {
    ...{ name: 'order', title: 'Order', description: 'Orders.', kind: 'http', inputSchema: text },
    source: { method: 'POST', url: `http://127.0.0.1:${port}/orders` },
    outputSchema: {
      type: 'object',
      properties: { orderId: { type: 'string', format: 'uuid' }, count: { type: 'integer', minimum: 3 } },
      required: ['orderId', 'count'],
    },
  });
  await post('/api/v1/webhooks', { url: 'https://example.com/hook' });
});
afterAll(async () => {
  await server?.stop();
  await llm?.close();
  api.close();
  rmSync(folder, { recursive: true, force: true });
});

/** "look a, wipe b" makes both calls at once and then tells their results; a boss hands all of it on. */
function obedient({ question, results, tools: offered }: Asked): Script {
  if (results.length > 0) return { kind: 'reply', text: `Results: ${results.join(' | ')}` };
  if (offered.includes('ask_worker'))
    return { kind: 'reply', calls: [{ name: 'ask_worker', args: { task: question } }] };
  const calls = question.split(', ').map((part) => {
    const [name = '', text = ''] = part.split(' ');
    return { name, args: { text } };
  });
  return { kind: 'reply', calls };
}

const word = () => `w-${randomUUID().slice(0, 8)}`;
const wait = async (id: string) =>
  (await server.call('GET', `/api/v1/runs/${id}/wait?timeoutMs=20000`, { token })).body;
async function run(input: string, more: object = {}) {
  const body = { input, agent: 'worker', simulate: true, ...more };
  const { body: made } = await server.call('POST', '/api/v1/runs', { token, body });
  return { id: made.id as string, made, end: await wait(made.id) };
}

describe('a simulated run', () => {
  it.each(['worker', 'boss'])(
    'of %s calls no tool, asks nobody, and tells made-up answers',
    async (agent) => {
      const text = word();
      const { id, made, end } = await run(`look ${text}, wipe ${text}, browse ${text}, order ${text}`, {
        agent,
      });
      expect([made.simulate, end.simulate, end.status]).toEqual([true, true, 'completed']);
      for (const tool of ['look', 'wipe', 'browse'])
        expect(end.output.text).toContain(`[simulated] ${tool} was called with {"text":"${text}"}.`);
      expect(end.output.text).toContain('{"count":3,"orderId":"00000000-0000-4000-8000-000000000000"}');
      expect([tools.done(text), reached]).toEqual([[], 0]);
      const approvals = await server.call('GET', `/api/v1/approvals?runId=${id}`, { token });
      expect(approvals.body.items).toEqual([]);
    },
  );

  it('says so in events, journal and record', async () => {
    const { id } = await run(`wipe ${word()}, order ${word()}, nothing_like_it x`);
    const events = await readEvents(`${server.url}/api/v1/runs/${id}/events`, { token });
    const calls = events.filter(({ type }) => type.startsWith('tool_call.'));
    expect(calls).toHaveLength(6);
    expect(calls.every(({ data }) => data.simulated === true)).toBe(true);
    const { body } = await server.call('GET', `/api/v1/runs/${id}/steps`, { token });
    const steps = body.items.filter(({ kind }: { kind: string }) => kind === 'tool');
    expect(steps.map(({ result }: { result: { simulated?: true } }) => result.simulated)).toEqual([
      true,
      true,
      true,
    ]);
    expect(
      await server.sql('select distinct mode from tool_calls where run_id = $1 order by 1', [id]),
    ).toEqual([{ mode: 'simulated' }]);
  });

  it('tells no webhook; the same run without it does, and calls its tools', async () => {
    const deliveries = async (id: string) =>
      (await server.sql('select event from webhook_deliveries where run_id = $1', [id])).length;
    const text = word();
    const simulated = await run(`look ${text}`);
    expect(await deliveries(simulated.id)).toBe(0);
    const real = await run(`look ${text}`, { simulate: false });
    expect([real.end.simulate, real.end.status]).toEqual([undefined, 'completed']);
    expect([await deliveries(real.id), tools.done(text)]).toEqual([1, ['look']]);
  });

  it('has heard nothing from outside: a later run of its conversation sends without asking', async () => {
    const { body: conversation } = await server.call('POST', '/api/v1/conversations', { token, body: {} });
    const say = async (input: string, simulate = false) => {
      const body = { input: `${input} ${word()}`, agent: 'worker', simulate };
      const made = await server.call('POST', `/api/v1/conversations/${conversation.id}/runs`, {
        token,
        body,
      });
      return (await wait(made.body.id)).status as string;
    };
    expect(await say('browse', true)).toBe('completed');
    expect(await say('send')).toBe('completed');
    expect(await say('browse')).toBe('completed');
    expect(await say('send')).toBe('requires_action');
  });

  it('still refuses wrong arguments and tools that the agent may not call', async () => {
    const { end } = await run('calculator 5, wipe');
    expect(end.status).toBe('completed');
    expect(end.output.text).toContain('expression');
  });

  it('stays simulated when it is done again, in a conversation too', async () => {
    const { id } = await run(`wipe ${word()}`);
    await server.sql(`update runs set status = 'failed' where id = $1`, [id]);
    const retry = await server.call('POST', `/api/v1/runs/${id}/retry`, { token });
    expect(retry.body.simulate).toBe(true);
    const text = word();
    const { body: conversation } = await server.call('POST', '/api/v1/conversations', { token, body: {} });
    const route = `/api/v1/conversations/${conversation.id}`;
    const body = { input: `wipe ${text}`, agent: 'worker', simulate: true };
    const first = await server.call('POST', `${route}/runs`, { token, body });
    const { output } = await wait(first.body.id);
    const again = await server.call('POST', `${route}/messages/${output.messageId}/regenerate`, { token });
    expect(again.body.simulate).toBe(true);
    expect((await wait(again.body.id)).status).toBe('completed');
    expect(tools.done(text)).toEqual([]);
  });
});
