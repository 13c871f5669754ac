import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SEED_AGENTS } from '../../src/agents/seed-agents.js';
import { AgentSeeds } from '../../src/agents/agent-seeds.service.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const ROUTE = '/api/v1/agents';
let server: TestApp;
let token: string;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-ext-'));
  server = await startTestApp({ EXTENSIONS_DIR: folder, REGISTRATION: 'open' });
  token = await server.login();
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const agent = (name: string, more: object = {}) => ({
  name,
  description: `What ${name} is good for.`,
  instructions: 'You are {{agent}}.',
  ...more,
});
const create = (body: object) => server.call('POST', ROUTE, { token, body });

describe('seed agents', () => {
  it('are there at the first start, a supervisor and four specialists', async () => {
    const { body } = await server.call('GET', ROUTE, { token });
    const names = body.items.map((item: { name: string }) => item.name).sort();
    expect(names).toEqual(['analyst', 'assistant', 'code-historian', 'code-reader', 'writer']);
    const assistant = await server.call('GET', `${ROUTE}/assistant`, { token });
    expect(assistant.body).toMatchObject({ pattern: 'supervisor', shared: true, origin: 'seed', version: 1 });
    expect([...assistant.body.subAgents].sort()).toEqual([
      'analyst',
      'code-historian',
      'code-reader',
      'writer',
    ]);
  });

  it('move on with a release unless an admin edited or deleted them', async () => {
    const seeds = server.app.get(AgentSeeds);
    const released = SEED_AGENTS.map((seed) => ({ ...seed, title: `${seed.title} 2` }));
    await server.call('PATCH', `${ROUTE}/writer`, { token, body: { title: 'My writer' } });
    await server.call('PATCH', `${ROUTE}/assistant`, { token, body: { subAgents: ['writer'] } });
    expect((await server.call('DELETE', `${ROUTE}/analyst`, { token })).status).toBe(204);
    await seeds.ensure(released);
    await seeds.ensure(released);
    const read = async (name: string) => (await server.call('GET', `${ROUTE}/${name}`, { token })).body;
    expect(await read('code-reader')).toMatchObject({ title: 'Code reader 2', version: 2 });
    expect(await read('writer')).toMatchObject({ title: 'My writer', version: 2 });
    expect((await server.call('GET', `${ROUTE}/analyst`, { token })).status).toBe(404);
    const versions = await server.call('GET', `${ROUTE}/writer/versions`, { token });
    expect(
      versions.body.items.map((item: Record<string, unknown>) => [item.version, item.origin, item.current]),
    ).toEqual([
      [3, 'seed', false],
      [2, 'user', true],
      [1, 'seed', false],
    ]);
  });
});

describe('agents', () => {
  it('are made with defaults, changed by versions and deleted', async () => {
    const made = await create(agent('helper', { tools: ['git_*'], subAgents: ['code-reader'] }));
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      title: 'helper',
      version: 1,
      shared: true,
      model: null,
      pattern: 'single',
    });
    expect(made.body.limits.maxSteps).toBe(40);
    const changed = await server.call('PATCH', `${ROUTE}/helper`, { token, body: { title: 'Helper' } });
    expect(changed.body).toMatchObject({
      title: 'Helper',
      version: 2,
      tools: ['git_*'],
      subAgents: ['code-reader'],
    });
    expect((await create(agent('helper'))).body.code).toBe('agent_exists');
    expect((await server.call('DELETE', `${ROUTE}/helper`, { token })).status).toBe(204);
    expect((await server.call('GET', `${ROUTE}/helper`, { token })).body.code).toBe('agent_not_found');
  });

  it('are made once for one Idempotency-Key, and recorded', async () => {
    const post = () =>
      server.call('POST', ROUTE, {
        token,
        body: agent('once'),
        headers: { 'idempotency-key': 'agent-once' },
      });
    const answers = await Promise.all([post(), post(), post()]);
    expect(answers.map(({ status, body }) => [status, body.version])).toEqual(answers.map(() => [201, 1]));
    const recorded = await server.sql(
      `select 1 from audit_log where action = 'agent.created' and target_id = 'once'`,
    );
    expect(recorded).toHaveLength(1);
  });

  it('are private to a member, who cannot change shared ones', async () => {
    const member = { email: 'member@example.com', password: 'a long enough password' };
    expect((await server.call('POST', '/api/v1/auth/register', { body: member })).status).toBe(201);
    const own = await server.login(member);
    const made = await server.call('POST', ROUTE, { token: own, body: agent('mine') });
    expect(made.body).toMatchObject({ name: 'mine', shared: false });
    const shared = await server.call('POST', ROUTE, { token: own, body: agent('ours', { shared: true }) });
    expect(shared.body.code).toBe('agent_is_shared');
    const edit = await server.call('PATCH', `${ROUTE}/writer`, { token: own, body: { title: 'x' } });
    expect([edit.status, edit.body.code]).toEqual([403, 'agent_is_shared']);
    const foreign = await server.call('GET', `${ROUTE}/mine`, { token });
    const unknown = await server.call('GET', `${ROUTE}/no-such-agent`, { token });
    expect([foreign.status, foreign.body.code]).toEqual([404, unknown.body.code]);
  });

  it('are refused when a field is wrong, and the field is named', async () => {
    const wrong: [object, string][] = [
      [agent('Bad Name'), 'name'],
      [agent('x', { tools: ['a b'] }), 'tools.0'],
      [agent('x', { tools: ['a', 'a'] }), 'tools'],
      [agent('x', { subAgents: ['nobody'] }), 'subAgents.0'],
      [agent('x', { limits: { maxSteps: 0 } }), 'limits.maxSteps'],
      [agent('x', { instructions: 'Hi {{nobody}}' }), 'instructions'],
      [agent('x', { model: 'gpt' }), 'model'],
      [agent('x', { fallbackModels: ['builtin:planner'] }), 'fallbackModels.0'],
      [agent('x', { hacker: true }), 'hacker'],
    ];
    for (const [body, field] of wrong) {
      const answer = await create(body);
      expect(answer.status).toBe(400);
      expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
    }
  });

  it('never reach themselves through their sub-agents, even when two are changed at once', async () => {
    for (const name of ['a', 'b', 'c']) expect((await create(agent(name))).status).toBe(201);
    const link = (from: string, to: string) =>
      server.call('PATCH', `${ROUTE}/${from}`, { token, body: { subAgents: [to] } });
    expect((await link('a', 'a')).body.code).toBe('agent_cycle');
    expect((await link('a', 'b')).status).toBe(200);
    const both = await Promise.all([link('b', 'c'), link('c', 'a')]);
    expect(both.map((answer) => answer.status).sort()).toEqual([200, 422]);
    expect(both.find((answer) => answer.status === 422)?.body.detail).toMatch(/-> .* -> /);
    expect((await server.call('DELETE', `${ROUTE}/b`, { token })).body.code).toBe('agent_in_use');
  });
});

describe('agents in files', () => {
  const write = (name: string, text: string) => writeFileSync(path.join(folder, `${name}.agent.yaml`), text);
  const reload = () => server.call('POST', `${ROUTE}/reload`, { token });
  const yaml = (name: string, more = '') =>
    `name: ${name}\ndescription: What it does.\ninstructions: You are {{agent}}.\n${more}`;

  it('are loaded, and broken ones are reported and skipped', async () => {
    write('1-boss', yaml('boss', 'subAgents: [clerk]\npattern: supervisor\n'));
    write('2-clerk', yaml('clerk'));
    write('syntax', 'name: [');
    write('unknown', yaml('unknown', 'colour: blue\n'));
    write('taken', yaml('assistant'));
    write(
      'bomb',
      `a: &a [x,x]\n${[...'bcdefghij'].map((key, at) => `${key}: &${key} [*${'abcdefghij'[at]},*${'abcdefghij'[at]}]`).join('\n')}`,
    );
    const { status, body } = await reload();
    expect(status).toBe(200);
    expect([...body.loaded].sort()).toEqual(['boss', 'clerk']);
    expect(body.problems.map((problem: { file: string }) => problem.file.split('.')[0]).sort()).toEqual([
      'bomb',
      'syntax',
      'taken',
      'unknown',
    ]);
    const boss = await server.call('GET', `${ROUTE}/boss`, { token });
    expect(boss.body).toMatchObject({ origin: 'file', subAgents: ['clerk'], version: 1 });
  });

  it('follow their file: changed, gone and back', async () => {
    expect((await server.call('PATCH', `${ROUTE}/clerk`, { token, body: { title: 'x' } })).body.code).toBe(
      'agent_is_a_file',
    );
    write('1-boss', yaml('boss', 'title: The boss\n'));
    rmSync(path.join(folder, '2-clerk.agent.yaml'));
    await reload();
    const boss = await server.call('GET', `${ROUTE}/boss`, { token });
    expect(boss.body).toMatchObject({ title: 'The boss', version: 2 });
    expect((await server.call('GET', `${ROUTE}/clerk`, { token })).status).toBe(404);
    write('2-clerk', yaml('clerk'));
    await reload();
    expect((await server.call('GET', `${ROUTE}/clerk`, { token })).body).toMatchObject({ version: 1 });
  });
});
