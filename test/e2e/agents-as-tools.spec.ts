import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addMember } from '../support/accounts.js';
import { warmUp } from '../support/runs.js';
import { until } from '../support/server-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let server: TestApp;
let token: string;
beforeAll(async () => {
  await warmUp();
  server = await startTestApp();
  token = await server.login();
});
afterAll(() => server?.stop());

const tool = (name: string) => server.call('GET', `/api/v1/tools/${name}`, { token });
const ask = (name: string, task: string, as = token) =>
  server.call('POST', `/api/v1/tools/${name}/call`, { token: as, body: { arguments: { task } } });
const eventually = (holds: () => Promise<boolean>) => until('it comes to pass', holds);
const agent = (name: string, more: object = {}) =>
  server.call('POST', '/api/v1/agents', {
    token,
    body: { name, description: `The agent ${name}.`, instructions: 'Help.', ...more },
  });

describe('shared agents as tools', () => {
  it('are there for every seed agent', async () => {
    const { items } = (await server.call('GET', '/api/v1/tools?kind=agent&limit=100', { token })).body;
    const names = items.map((item: { name: string }) => item.name);
    expect(names).toEqual(expect.arrayContaining(['ask_analyst', 'ask_assistant', 'ask_code-reader']));
    expect((await tool('ask_analyst')).body).toMatchObject({
      kind: 'agent',
      source: { agent: 'analyst' },
      requiredScopes: ['runs'],
      policy: { timeoutMs: 300_000 },
    });
  });

  it('answer with the text and the run that made it, in the name of the caller', async () => {
    const member = await addMember(server);
    const { body } = await ask('ask_analyst', 'What is 17 * 23?', member.token);
    expect(body).toMatchObject({
      isError: false,
      structuredContent: { status: 'completed', text: expect.stringContaining('391') },
    });
    const run = await server.call('GET', `/api/v1/runs/${body.structuredContent.runId}`, {
      token: member.token,
    });
    expect(run.body).toMatchObject({
      agent: 'analyst',
      status: 'completed',
      metadata: { toolCallId: body.callId },
    });
    expect((await server.call('GET', `/api/v1/runs/${body.structuredContent.runId}`, { token })).status).toBe(
      404,
    );
  });

  it('follow the agents', async () => {
    await agent('newcomer');
    await eventually(async () => (await tool('ask_newcomer')).status === 200);
    await server.call('PATCH', '/api/v1/agents/newcomer', {
      token,
      body: { description: 'Knows more now.' },
    });
    await eventually(async () => (await tool('ask_newcomer')).body.description === 'Knows more now.');
    await server.call('DELETE', '/api/v1/agents/newcomer', { token });
    await eventually(async () => (await tool('ask_newcomer')).body.state === 'unavailable');
    expect((await ask('ask_newcomer', 'Hello')).body.code).toBe('tool_unavailable');
  });

  it('do not show private agents', async () => {
    await agent('secretive', { shared: false });
    await agent('public');
    await eventually(async () => (await tool('ask_public')).status === 200);
    expect((await tool('ask_secretive')).status).toBe(404);
  });

  it('are no way around the limits of delegation: no agent sees them', async () => {
    await agent('greedy', { tools: ['*'] });
    const seen = await server.call('GET', '/api/v1/authz/explain?tool=ask_analyst&agent=greedy', { token });
    expect(seen.body.allowed).toBe(false);
    const run = await server.call('POST', '/api/v1/runs', {
      token,
      body: { input: 'Ask the analyst what 6 * 7 is.', agent: 'greedy' },
    });
    await server.call('GET', `/api/v1/runs/${run.body.id}/wait?timeoutMs=20000`, { token });
    const [calls] = await server.sql(
      `select count(*)::int as count from tool_calls where tool like 'ask_%' and agent is not null`,
    );
    expect(calls).toEqual({ count: 0 });
  });

  it('say what went wrong, and where to look', async () => {
    await agent('modelless', { model: 'openai:gpt-5-mini' });
    await eventually(async () => (await tool('ask_modelless')).status === 200);
    const { body } = await ask('ask_modelless', 'Hello');
    expect(body.isError).toBe(true);
    expect(body.content[0].text).toMatch(/did not answer: .+ \(run [0-9a-f-]{36}\)/);
  });

  it('need the scope runs', async () => {
    const key = await server.call('POST', '/api/v1/api-keys', {
      token,
      body: { name: 'narrow', scopes: ['tools:call', 'tools:read'] },
    });
    expect((await ask('ask_analyst', 'What is 1 + 1?', key.body.key)).status).toBe(403);
  });
});
