import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { type Asked, type LlmServer, type Script } from '../fakes/llm-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';
import { addMember } from '../support/accounts.js';
import { GatedTools } from '../support/gated-tools.js';
import { makeKey, modern } from '../support/mcp-client.js';
import { warmUp } from '../support/runs.js';
import { until } from '../support/server-process.js';
import { makeDatabase, startTestApp, type TestApp } from '../support/test-app.js';

const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-mcp-approvals-'));
const tools = new GatedTools(folder);
const INFO = { name: 'test', version: '1' };
let environment: Record<string, string>;
let llm: LlmServer;
let server: TestApp;
let token: string;
beforeAll(async () => {
  await warmUp();
  llm = await startOpenAiServer();
  llm.think(obedient);
  environment = {
    DATABASE_URL: await makeDatabase(),
    ENCRYPTION_KEYS: `test:${randomBytes(32).toString('base64')}`,
    EXTENSIONS_DIR: tools.extensions,
    // Looks for what has expired every second.
    LEASE_SECONDS: '6',
    LLM_MODEL: 'openai:fake-1',
    OPENAI_BASE_URL: llm.url,
    OPENAI_API_KEY: 'sk-test',
  };
  server = await startTestApp(environment);
  token = await server.login();
  const body = { name: 'worker', description: 'Does it.', instructions: 'Do it.', tools: ['*'] };
  await server.call('POST', '/api/v1/agents', { token, body });
  const ask = async () => (await server.call('GET', '/api/v1/tools/ask_worker', { token })).status === 200;
  await until('ask_worker is there', ask);
});
afterAll(async () => {
  await server?.stop();
  await llm?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** "wipe a, wipe b" calls the tool wipe twice at once, and then tells the results. */
function obedient({ question, results }: Asked): Script {
  if (results.length > 0) return { kind: 'reply', text: `Results: ${results.join(' | ')}` };
  const calls = question.split(', ').map((part) => {
    const [name = '', text = ''] = part.split(' ');
    return { name, args: { text } };
  });
  return { kind: 'reply', calls };
}

interface Said {
  readonly text: string;
  readonly isError: boolean;
}
interface Connected {
  call(name: string, args: object): Promise<Said>;
  resources(): Promise<string[]>;
  close(): Promise<void>;
}
/** What the person does with a question. */
type Action = 'accept' | 'decline' | 'cancel';
type Person = (message: string) => { action: Action } | Promise<{ action: Action }>;

const endpoint = () => new URL(`${server.url}/mcp`);
const bearer = (as: string) => ({ requestInit: { headers: { authorization: `Bearer ${as}` } } });
const said = (result: unknown): Said => {
  const { content, isError = false } = result as { content: { text: string }[]; isError?: boolean };
  return { text: content[0]?.text ?? '', isError };
};
const forms = (person?: Person) => ({ capabilities: person === undefined ? {} : { elicitation: {} } });

async function legacy(person?: Person, as = token): Promise<Connected> {
  const client = new LegacyClient(INFO, forms(person));
  if (person !== undefined)
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => person(params.message));
  await client.connect(new LegacyTransport(endpoint(), bearer(as)));
  return {
    call: async (name, args) => said(await client.callTool({ name, arguments: { ...args } })),
    resources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    close: () => client.close(),
  };
}

async function newest(person?: Person, as = token): Promise<Connected> {
  const client = new ModernClient(INFO, { ...forms(person), versionNegotiation: { mode: 'auto' } });
  if (person !== undefined)
    client.setRequestHandler('elicitation/create', ({ params }) => person(params.message));
  await client.connect(new ModernTransport(endpoint(), bearer(as)));
  expect(client.getProtocolEra()).toBe('modern');
  return {
    call: async (name, args) => said(await client.callTool({ name, arguments: { ...args } })),
    resources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    close: () => client.close(),
  };
}

const word = () => `w-${randomUUID().slice(0, 8)}`;
const decide = (id: string, body: object, as = token) =>
  server.call('POST', `/api/v1/approvals/${id}`, { token: as, body });
const approvalIn = ({ text }: Said) =>
  /approval ([0-9a-f-]{36})/.exec(text)?.[1] ?? `no approval in: ${text}`;
const pending = async () =>
  (await server.call('GET', '/api/v1/approvals?status=pending&limit=100', { token })).body.items;

/** The two ways in which an MCP client meets an approval: by a tool of its own call, and by one of an agent's run. */
const ways: Record<string, (text: string) => readonly [name: string, args: object]> = {
  'a tool': (text: string) => ['wipe', { text }],
  'an agent': (text: string) => ['ask_worker', { task: `wipe ${text}` }],
};
const cases = Object.entries({ 'SDK v1, 2025-11-25': legacy, 'SDK v2, 2026-07-28': newest }).flatMap(
  ([era, connect]) => Object.entries(ways).map(([way, call]) => [era, way, connect, call] as const),
);

describe.each(cases)('%s: %s', (_era, way, connect, call) => {
  it('[S67] asks the person what is called, with which arguments and why, and goes on when he accepts', async () => {
    const text = word();
    const asked: string[] = [];
    const client = await connect((message) => {
      expect(tools.done(text)).toEqual([]);
      asked.push(message);
      return { action: 'accept' };
    });
    const answer = await client.call(...call(text));
    await client.close();
    expect(answer).toEqual({ isError: false, text: expect.stringContaining(`wipe did ${text}`) });
    expect(tools.done(text)).toEqual(['wipe']);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toContain(
      way === 'a tool' ? 'This client wants to call the tool wipe' : 'The agent worker wants',
    );
    expect(asked[0]).toContain(JSON.stringify(text));
    expect(asked[0]).toContain('by its policy this call needs your word');
    const [entry] = await server.sql(
      `select count(*)::int as count from audit_log a join approvals p on p.id::text = a.target_id
        where action = 'approval.decided' and p.arguments->>'text' = $1`,
      [text],
    );
    expect(entry).toEqual({ count: 1 });
  });

  it('a declined call is not made, and what wanted it is told', async () => {
    const text = word();
    const client = await connect(() => ({ action: 'decline' }));
    const answer = await client.call(...call(text));
    // Clients drop what a decline holds, so no reason is told.
    expect(answer.text).toContain('The user rejected this call; it was not made.');
    expect(answer.isError).toBe(way === 'a tool');
    expect(tools.done(text)).toEqual([]);
    await client.close();
  });

  it('a dialog that was closed decides nothing: the call says how to decide, and the next one asks again', async () => {
    const text = word();
    const answers: Action[] = ['cancel', 'accept'];
    const client = await connect(() => ({ action: answers.shift() ?? 'cancel' }));
    const first = await client.call(...call(text));
    expect(first.isError).toBe(true);
    expect((await pending()).map(({ id }: { id: string }) => id)).toContain(approvalIn(first));
    expect((await client.call(...call(text))).text).toContain(`wipe did ${text}`);
    expect(tools.done(text)).toEqual(['wipe']);
    await client.close();
  });

  it('[S67] without a person to ask names the approval; after it the same call goes on, and only once', async () => {
    const text = word();
    const client = await connect();
    const first = await client.call(...call(text));
    const again = await client.call(...call(text));
    expect([first.isError, again.isError]).toEqual([true, true]);
    const id = approvalIn(first);
    expect(approvalIn(again)).toBe(id);
    expect(first.text).toContain(`bin/mcp-server approvals approve ${id}`);
    expect(await client.resources()).toContain(`approval://${id}`);
    expect(tools.done(text)).toEqual([]);

    const stranger = await addMember(server, 'admin');
    expect((await decide(id, { decision: 'approve' }, stranger.token)).status).toBe(404);
    const theirs = await connect(undefined, stranger.token);
    expect(await theirs.resources()).not.toContain(`approval://${id}`);
    // Their own call is another one, with an approval of its own.
    expect(approvalIn(await theirs.call(...call(text)))).not.toBe(id);
    await theirs.close();

    expect((await decide(id, { decision: 'approve' })).status).toBe(202);
    expect(await client.call(...call(text))).toEqual({
      isError: false,
      text: expect.stringContaining(`wipe did ${text}`),
    });
    expect((await decide(id, { decision: 'approve' })).body.code).toBe('approval_not_pending');
    const next = await client.call(...call(text));
    expect(approvalIn(next)).not.toBe(id);
    expect(tools.done(text)).toEqual(['wipe']);
    await client.close();
  });

  it('a rejection is told to the next call; one that nobody decided in time is refused or asked anew', async () => {
    const [text, late] = [word(), word()];
    const client = await connect();
    const id = approvalIn(await client.call(...call(text)));
    await decide(id, { decision: 'reject', reason: 'Too risky' });
    expect((await client.call(...call(text))).text).toContain('it was not made. Reason: Too risky');
    const expired = approvalIn(await client.call(...call(late)));
    await server.sql(`update approvals set expires_at = now() where id = $1`, [expired]);
    expect((await decide(expired, { decision: 'approve' })).body.code).toBe('approval_not_pending');
    let answer: Said = { text: '', isError: false };
    await until(
      'it is another call',
      async () => {
        answer = await client.call(...call(late));
        return !answer.text.includes(expired);
      },
      20_000,
    );
    if (way === 'a tool') expect(approvalIn(answer)).not.toBe(expired);
    else expect(answer.text).toContain('Nobody approved this call in time');
    expect([...tools.done(text), ...tools.done(late)]).toEqual([]);
    await client.close();
  });

  it('[S67] 20 equal calls after one approval: one is made', async () => {
    const text = word();
    const client = await connect();
    await decide(approvalIn(await client.call(...call(text))), { decision: 'approve' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.call(...call(text))));
    expect(answers.filter((answer) => answer.text.includes(`wipe did ${text}`)).length).toBeGreaterThan(0);
    expect(tools.done(text)).toEqual(['wipe']);
    await client.close();
  });
});

describe('an approval over MCP', () => {
  it('of several calls is asked for each, and each answer counts for its own', async () => {
    const [keep, drop] = [word(), word()];
    const client = await newest((message) => ({ action: message.includes(drop) ? 'accept' : 'decline' }));
    const { text } = await client.call('ask_worker', { task: `wipe ${keep}, wipe ${drop}` });
    expect(text).toContain('The user rejected this call');
    expect([tools.done(keep), tools.done(drop)]).toEqual([[], ['wipe']]);
    await client.close();
  });

  it('survives a restart of the server, for a tool and for an agent', async () => {
    const [text, task] = [word(), word()];
    const before = await legacy();
    const ids = [
      approvalIn(await before.call('wipe', { text })),
      approvalIn(await before.call('ask_worker', { task: `wipe ${task}` })),
    ];
    await before.close();
    await server.stop();
    server = await startTestApp(environment);
    token = await server.login();
    for (const id of ids) expect((await decide(id, { decision: 'approve' })).status).toBe(202);
    const after = await newest();
    expect((await after.call('wipe', { text })).text).toBe(`wipe did ${text}`);
    expect((await after.call('ask_worker', { task: `wipe ${task}` })).text).toContain(`wipe did ${task}`);
    expect([tools.done(text), tools.done(task)]).toEqual([['wipe'], ['wipe']]);
    await after.close();
  });

  it('of a person who takes longer than the call may: it says how to decide, and his late word counts', async () => {
    const text = word();
    const policy = (timeoutMs: number) =>
      server.call('PATCH', '/api/v1/tools/ask_worker', { token, body: { policy: { timeoutMs } } });
    await policy(5000);
    let accept = () => {};
    const person = new Promise<void>((resolve) => (accept = resolve));
    const client = await legacy(async () => {
      await person;
      return { action: 'accept' };
    });
    const first = await client.call('ask_worker', { task: `wipe ${text}` });
    await policy(300_000);
    const id = approvalIn(first);
    expect([first.isError, tools.done(text)]).toEqual([true, []]);
    accept();
    await until('it is decided', async () => {
      const { body } = await server.call('GET', `/api/v1/approvals/${id}`, { token });
      return body.status === 'approved';
    });
    const again = await client.call('ask_worker', { task: `wipe ${text}` });
    expect(again).toEqual({ isError: false, text: expect.stringContaining(`wipe did ${text}`) });
    expect(tools.done(text)).toEqual(['wipe']);
    await client.close();
  });

  it('[S67] is for these arguments and this definition only', async () => {
    const [text, other] = [word(), word()];
    const client = await newest();
    const id = approvalIn(await client.call('wipe', { text }));
    expect((await decide(id, { decision: 'edit', arguments: { text: other } })).body.code).toBe(
      'approval_not_editable',
    );
    const wrong = await decide(id, { decision: 'approve', argumentsHash: '0'.repeat(64) });
    expect(wrong.body.code).toBe('approval_not_pending');
    await server.sql(
      `update approvals set arguments = '{"text":"everything"}', arguments_hash = $2 where id = $1`,
      [...[id, '0'.repeat(64)]],
    );
    await decide(id, { decision: 'approve' });
    expect(approvalIn(await client.call('wipe', { text }))).not.toBe(id);
    expect([...tools.done(text), ...tools.done(other), ...tools.done('everything')]).toEqual([]);
    await client.close();
  });

  it('[S47] a retry of 2026-07-28 cannot be replayed: its answers are for an approval that was used', async () => {
    const text = word();
    const params = { name: 'wipe', arguments: { text } };
    const capabilities = { elicitation: { form: {} } };
    const { result } = (await modern(server, token, 'tools/call', params, { capabilities })).body;
    expect(result.resultType).toBe('input_required');
    const [key = ''] = Object.keys(result.inputRequests);
    const { requestState } = result;
    const retry = { ...params, requestState, inputResponses: { [key]: { action: 'accept', content: {} } } };
    const done = await modern(server, token, 'tools/call', retry, { capabilities, id: 2 });
    expect(done.body.result.content[0].text).toBe(`wipe did ${text}`);
    const replayed = (await modern(server, token, 'tools/call', retry, { capabilities, id: 3 })).body.result;
    expect(replayed.resultType).toBe('input_required');
    expect(Object.keys(replayed.inputRequests)).not.toContain(key);
    expect(tools.done(text)).toEqual(['wipe']);
  });

  it('a key without the scope runs decides its own calls where it is asked, and sees no approvals', async () => {
    const narrow = await makeKey(server, token, ['mcp', 'tools:read', 'tools:call']);
    await server.call('PATCH', '/api/v1/tools/look', { token, body: { policy: { approval: 'always' } } });
    const text = word();
    const client = await newest(() => ({ action: 'accept' }), narrow);
    expect((await client.call('look', { text })).text).toBe(`look did ${text}`);
    expect(await client.resources()).toEqual([]);
    await client.close();
    expect((await decide(randomUUID(), { decision: 'approve' }, narrow)).body.code).toBe(
      'insufficient_scope',
    );
    await server.call('PATCH', '/api/v1/tools/look', {
      token,
      body: { policy: { approval: 'destructive' } },
    });
  });

  it('is asked for only where the policy says so, and never of wrong arguments', async () => {
    const text = word();
    const client = await legacy();
    for (const tool of ['look', 'note', 'unknown'])
      expect((await client.call(tool, { text })).text).toBe(`${tool} did ${text}`);
    expect((await client.call('wipe', { text: 5 })).text).not.toContain('approval');
    await server.call('PATCH', '/api/v1/tools/wipe', { token, body: { policy: { approval: 'never' } } });
    expect((await client.call('wipe', { text })).text).toBe(`wipe did ${text}`);
    await server.call('PATCH', '/api/v1/tools/wipe', {
      token,
      body: { policy: { approval: 'destructive' } },
    });
    await client.close();
  });

  it('shows arguments whole and without hidden characters, or not at all', async () => {
    const asked: string[] = [];
    const client = await newest((message) => {
      asked.push(message);
      return { action: 'decline' };
    });
    await client.call('wipe', { text: 'a\u202Eb\u200Bc' });
    expect(asked[0]).toContain('a\\u202eb\\u200bc');
    const long = await client.call('wipe', { text: 'x'.repeat(9000) });
    expect(asked).toHaveLength(1);
    expect(long.text).toContain(approvalIn(long));
    await client.close();
  });

  it('at most 100 calls of a user wait', async () => {
    const member = await addMember(server, 'admin');
    const client = await legacy(undefined, member.token);
    await server.sql(
      `insert into approvals (id, user_id, kind, reason, attempt, tool, definition_hash, requested_arguments,
          requested_hash, arguments, arguments_hash, status, expires_at)
        select gen_random_uuid(), u.id, 'tool_call', 'policy', 0, 'wipe', 'x', '{}', n::text, '{}', n::text, 'pending',
               now() + interval '1 hour' from users u, generate_series(1, 100) n where u.email = $1`,
      [member.email],
    );
    await expect(client.call('wipe', { text: word() })).rejects.toThrow(/Too many of your calls/);
    await client.close();
  });
});
