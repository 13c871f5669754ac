import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Actor, type Scope, scopesOf } from '../../src/common/actor.js';
import { ToolExecutor } from '../../src/tools/tool-executor.service.js';
import { ToolsService } from '../../src/tools/tools.service.js';
import { mindOf, say } from '../fakes/agent-mind.js';
import { type LlmServer } from '../fakes/llm-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';
import { addMember, type TestAccount } from '../support/accounts.js';
import { type LegacySession, makeKey, modern, openLegacy } from '../support/mcp-client.js';
import { readEvents, startRun } from '../support/runs.js';
import { until } from '../support/server-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const ACCESS = ['open', 'admins', 'named', 'clerks'] as const;
const STATES = ['active', 'disabled', 'quarantined', 'unavailable'] as const;
const NEEDS: readonly (readonly Scope[])[] = [[], ['conversations']];

interface Case {
  readonly name: string;
  readonly access: (typeof ACCESS)[number];
  readonly state: (typeof STATES)[number];
  readonly needs: readonly Scope[];
}
const CASES: readonly Case[] = ACCESS.flatMap((access) =>
  STATES.flatMap((state) =>
    NEEDS.map((needs) => ({ name: `mx_${access}_${state}_${needs.length}`, access, state, needs })),
  ),
);

interface Caller {
  readonly token: string;
  readonly actor: Actor;
}

const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-access-'));
let llm: LlmServer;
let server: TestApp;
let member: TestAccount;
let admin: string;
const callers: Record<string, Caller> = {};

beforeAll(async () => {
  for (const { name, needs } of CASES)
    writeFileSync(
      path.join(folder, `${name}.tool.mjs`),
      `export default { name: '${name}', description: 'One of the access matrix', requiredScopes: ${JSON.stringify(needs)},
        input: { type: 'object', properties: {} }, annotations: { readOnlyHint: true }, run: () => 'ran' };\n`,
    );
  llm = await startOpenAiServer();
  server = await startTestApp({
    ...{ EXTENSIONS_DIR: folder, LLM_MODEL: 'openai:fake-1' },
    ...{ OPENAI_BASE_URL: llm.url, OPENAI_API_KEY: 'sk-fake' },
  });
  admin = await server.login();
  member = await addMember(server);
  await setUp();
  const me = (await server.call('GET', '/api/v1/auth/me', { token: admin })).body;
  const actor = (role: 'admin' | 'member', scopes: Iterable<Scope> = scopesOf(role)): Actor => ({
    ...{ userId: role === 'admin' ? me.id : member.id, role, scopes: new Set(scopes) },
  });
  const key = async (scopes: Scope[]) => ({
    token: await makeKey(server, member.token, scopes),
    actor: actor('member', scopes),
  });
  callers['an admin'] = { token: admin, actor: actor('admin') };
  callers['a member'] = { token: member.token, actor: actor('member') };
  callers['a key that may read and call'] = await key(['mcp', 'tools:read', 'tools:call']);
  callers['a key that may only read'] = await key(['mcp', 'tools:read']);
}, 120_000);
afterAll(async () => {
  await server?.stop();
  await llm?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function setUp(): Promise<void> {
  const lists = {
    open: {},
    admins: { roles: ['admin'] },
    named: { users: [member.id] },
    clerks: { agents: ['clerk'] },
  };
  for (const { name, access, state } of CASES) {
    const body = { access: lists[access], enabled: state !== 'disabled' };
    const answer = await server.call('PATCH', `/api/v1/tools/${name}`, { token: admin, body });
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    if (state === 'quarantined' || state === 'unavailable')
      await server.sql('update tools set state = $2 where name = $1', [name, state]);
  }
  for (const [name, tools] of [
    ['clerk', ['mx_*']],
    ['narrow', ['mx_open_*', 'mx_admins_active_0']],
  ] as const) {
    const body = { name, title: name, description: name, instructions: `You are ${name}.`, tools };
    const answer = await server.call('POST', '/api/v1/agents', { token: admin, body });
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  }
  // Every door reads the same snapshot, which follows within a second.
  await until(
    'the snapshot has every state',
    async () => {
      const { body } = await server.call('GET', '/api/v1/tools?q=access+matrix&limit=100', { token: admin });
      const known = new Map<string, Shown>(body.items.map((tool: Shown) => [tool.name, tool]));
      return CASES.every(({ name, state }) => {
        const tool = known.get(name);
        return state === 'disabled' ? tool?.enabled === false : tool?.state === state;
      });
    },
    1_100,
  );
}

interface Shown {
  readonly name: string;
  readonly state: string;
  readonly enabled: boolean;
}

/** The rule in its shortest form, written a second time. */
function expected(
  { access, state, needs }: Case,
  { actor }: Caller,
  agent?: string,
): { code: string; visible: boolean } {
  const admitted =
    access === 'open' ||
    (access === 'admins' && actor.role === 'admin') ||
    (access === 'named' && actor.userId === member.id) ||
    (access === 'clerks' && (agent === undefined || agent === 'clerk'));
  const listed =
    agent !== 'narrow' ||
    access === 'open' ||
    (access === 'admins' && state === 'active' && needs.length === 0);
  const manages = agent === undefined && actor.scopes.has('tools:manage');
  const visible = (admitted && listed && state !== 'quarantined') || manages;
  if (!admitted || !listed || !visible) return { code: 'tool_not_found', visible };
  if (!['tools:call', ...needs].every((scope) => actor.scopes.has(scope as Scope)))
    return { code: 'insufficient_scope', visible };
  if (state === 'disabled') return { code: 'tool_disabled', visible };
  return { code: state === 'active' ? 'allow' : 'tool_unavailable', visible };
}

const namesOf = (items: readonly { name: string }[]) =>
  items
    .map(({ name }) => name)
    .filter((name) => name.startsWith('mx_'))
    .sort();

const allowedFor = (caller: Caller, agent?: string) =>
  CASES.filter((item) => expected(item, caller, agent).code === 'allow')
    .map(({ name }) => name)
    .sort();

/** The names of all pages. */
async function listed(caller: Caller, query = ''): Promise<string[]> {
  const items: { name: string }[] = [];
  for (let cursor = ''; ;) {
    const { body } = await server.call('GET', `/api/v1/tools?limit=100${query}${cursor}`, {
      token: caller.token,
    });
    items.push(...body.items);
    if (body.nextCursor === null) return namesOf(items);
    cursor = `&cursor=${encodeURIComponent(body.nextCursor)}`;
  }
}

describe.each(['an admin', 'a member', 'a key that may read and call', 'a key that may only read'])(
  '%s',
  (who) => {
    let caller: Caller;
    let session: LegacySession;
    beforeAll(async () => {
      caller = callers[who] as Caller;
      session = await openLegacy(server, caller.token);
    });

    it('is told of the same tools by list, search and get', async () => {
      const visible = CASES.filter((item) => expected(item, caller).visible)
        .map(({ name }) => name)
        .sort();
      expect(await listed(caller)).toEqual(visible);
      expect(await listed(caller, '&q=access+matrix')).toEqual(visible);
      const got = await Promise.all(
        CASES.map(async ({ name }) => [
          name,
          (await server.call('GET', `/api/v1/tools/${name}`, { token: caller.token })).status,
        ]),
      );
      expect(got).toEqual(CASES.map((item) => [item.name, expected(item, caller).visible ? 200 : 404]));
    });

    it('gets one answer from every call, and that answer is what explain says', async () => {
      const check = async (item: Case) => {
        const { code, visible } = expected(item, caller);
        const { name } = item;
        const explained = await server.call('GET', `/api/v1/authz/explain?tool=${name}`, {
          token: caller.token,
        });
        const decision = explained.status === 200 ? explained.body.decision : explained.body.code;
        expect([name, explained.status, decision]).toEqual([name, visible ? 200 : 404, code]);
        if (visible) {
          const failed = explained.body.steps.find(({ passed }: { passed: boolean }) => !passed);
          expect([explained.body.allowed, failed === undefined]).toEqual([
            code === 'allow',
            code === 'allow',
          ]);
          if (failed !== undefined)
            expect([failed.reason, failed.fix]).toEqual([expect.any(String), expect.any(String)]);
        }
        const rest = await server.call('POST', `/api/v1/tools/${name}/call`, {
          token: caller.token,
          body: {},
        });
        // Without the scope of the route the guard answers, before anyone looks at the tool.
        const atGuard = caller.actor.scopes.has('tools:call') ? code : 'insufficient_scope';
        expect([name, 'REST', rest.status === 200 ? 'allow' : rest.body.code]).toEqual([
          name,
          'REST',
          atGuard,
        ]);
        const [now, before] = await Promise.all([
          modern(server, caller.token, 'tools/call', { name, arguments: {} }),
          session.call('tools/call', { name, arguments: {} }, 100 + CASES.indexOf(item)),
        ]);
        for (const [era, { body }] of Object.entries({ now, before }))
          expect([name, era, body.result?.content[0].text === 'ran']).toEqual([name, era, code === 'allow']);
        if (code === 'tool_not_found')
          expect([now.body.error.message, before.body.error.message]).toEqual([
            expect.stringContaining(`Unknown tool: ${name}`),
            expect.stringContaining(`Unknown tool: ${name}`),
          ]);
      };
      await Promise.all(CASES.map(check));
    }, 120_000);

    it('is offered by MCP in both eras, by search_tools and by agents exactly what he may call', async () => {
      const allowed = allowedFor(caller);
      const pages = async (
        list: (params: object) => Promise<{ body: { result: { tools: []; nextCursor?: string } } }>,
      ) => {
        const tools: { name: string }[] = [];
        for (let cursor: string | undefined; ;) {
          const { result } = (await list(cursor === undefined ? {} : { cursor })).body;
          tools.push(...result.tools);
          cursor = result.nextCursor;
          if (cursor === undefined) return namesOf(tools);
        }
      };
      expect(await pages((params) => modern(server, caller.token, 'tools/list', params))).toEqual(allowed);
      expect(await pages((params) => session.call('tools/list', params))).toEqual(allowed);
      const tools = server.app.get(ToolsService, { strict: false });
      const executor = server.app.get(ToolExecutor, { strict: false });
      for (const [agent, agentTools] of [
        ['clerk', ['mx_*', 'search_tools']],
        ['narrow', ['mx_open_*', 'mx_admins_active_0', 'search_tools']],
      ] as const) {
        expect(namesOf(await tools.visible(caller.actor, agent, agentTools))).toEqual(
          allowedFor(caller, agent),
        );
        if (!caller.actor.scopes.has('tools:call')) continue;
        const search = {
          name: 'search_tools',
          arguments: { query: 'access matrix', limit: 50 },
          agent,
          agentTools,
        };
        const { structuredContent } = await executor.execute(caller.actor, search);
        expect(namesOf((structuredContent as { tools: [] }).tools)).toEqual(allowedFor(caller, agent));
        for (const item of CASES) {
          const call = { name: item.name, arguments: {}, agent, agentTools };
          const code = await executor.execute(caller.actor, call).then(
            () => 'allow',
            (error: { code: string }) => error.code,
          );
          expect([agent, item.name, code]).toEqual([agent, item.name, expected(item, caller, agent).code]);
        }
      }
    }, 120_000);
  },
);

describe('explain', () => {
  const explain = (query: string, token = admin) =>
    server.call('GET', `/api/v1/authz/explain?${query}`, { token });

  it('tells an admin of another user, and nobody else', async () => {
    const { body } = await explain(`tool=mx_admins_active_0&userId=${member.id}`);
    expect(body).toMatchObject({
      allowed: false,
      visible: false,
      decision: 'tool_not_found',
      userId: member.id,
    });
    const step = body.steps.find(({ rule }: { rule: string }) => rule === 'access_user');
    expect(step).toMatchObject({ passed: false, fix: expect.stringContaining(member.id) });
    const foreign = await explain(
      `tool=mx_open_active_0&userId=${callers['an admin']?.actor.userId}`,
      member.token,
    );
    expect([foreign.status, foreign.body.code]).toEqual([403, 'insufficient_scope']);
    expect((await explain('tool=no_such_tool')).status).toBe(404);
    expect((await explain(`tool=mx_open_active_0&userId=${crypto.randomUUID()}`)).body.code).toBe(
      'user_not_found',
    );
  });

  it('[S66] says that the allow list of an agent is why, and the agent is refused when it runs', async () => {
    const { body } = await explain('tool=mx_named_active_0&agent=narrow', member.token);
    expect(body).toMatchObject({ allowed: false, decision: 'tool_not_found', agent: 'narrow' });
    expect(body.steps[0]).toMatchObject({ rule: 'agent_allow_list', passed: false });
    expect(body.steps[0].fix).toContain('mx_named_active_0');

    const wanted = ['mx_named_active_0', 'mx_open_quarantined_0', 'no_such_tool', 'mx_open_active_0'];
    llm.think(
      mindOf({
        narrow: ({ results }) =>
          results.length === 0
            ? { kind: 'reply', calls: wanted.map((name) => ({ name, args: {} })) }
            : say(`I have ${results.join(' | ')}`),
      }),
    );
    const { run } = await startRun(server, member.token, { input: 'Go', agent: 'narrow' });
    const events = await readEvents(`${server.url}/api/v1/runs/${run.id}/events`, { token: member.token });
    const failed = events
      .filter(({ type }) => type === 'tool_call.failed')
      .map(({ data }) => [data.tool, data.error.code]);
    expect(failed.sort()).toEqual(
      wanted
        .slice(0, 3)
        .map((name) => [name, 'tool_not_found'])
        .sort(),
    );
    expect(events.at(-1)?.type).toBe('run.completed');
    const rows = await server.sql<{ tool: string }>('select tool from tool_calls where run_id = $1', [
      run.id,
    ]);
    expect(rows).toEqual([{ tool: 'mx_open_active_0' }]);
  });
});
