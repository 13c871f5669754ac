import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addMember } from '../support/accounts.js';
import { writeFixtureTools } from '../support/fixture-tools.js';
import { LEGACY, makeKey, modern, MODERN, openLegacy, postMcp } from '../support/mcp-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const ALL = ['mcp', 'tools:read', 'tools:call', 'conversations', 'agents:read'];

let server: TestApp;
let token: string;
const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-ext-'));
beforeAll(async () => {
  server = await startTestApp({ EXTENSIONS_DIR: writeFixtureTools(folder) });
  token = await server.login();
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const restTools = async (credential: string) => {
  const answer = await server.call('GET', '/api/v1/tools?limit=100', { token: credential });
  return answer.body.items
    .filter((tool: { enabled: boolean }) => tool.enabled)
    .map((tool: { name: string }) => tool.name)
    .sort();
};
const names = (items: { name: string }[]) => items.map(({ name }) => name);

describe('both eras', () => {
  it('list the tools that REST lists for the same caller, in the same order each time', async () => {
    const expected = await restTools(token);
    expect(expected).toEqual(expect.arrayContaining(['echo', 'fails']));
    const session = await openLegacy(server, token);
    const legacy = await session.call('tools/list');
    const now = await modern(server, token, 'tools/list');
    expect(names(legacy.body.result.tools)).toEqual(expected);
    expect(names(now.body.result.tools)).toEqual(expected);
    expect(now.body.result).toMatchObject({ resultType: 'complete', cacheScope: 'private' });
    expect(now.body.result.ttlMs).toBeGreaterThan(0);
  });

  it('give every tool a title and its hints', async () => {
    const { body } = await modern(server, token, 'tools/list');
    for (const tool of body.result.tools) {
      expect(tool.annotations.title).toBeTruthy();
      expect(tool.inputSchema.type).toBe('object');
    }
  });

  it('call a tool with the same answer, and keep a record of each call', async () => {
    const call = { name: 'echo', arguments: { text: 'hello' } };
    const session = await openLegacy(server, token);
    const before = await server.sql(`select id from tool_calls where tool = 'echo'`);
    const legacy = await session.call('tools/call', call);
    const now = await modern(server, token, 'tools/call', call);
    expect(legacy.body.result).toMatchObject({ content: [{ type: 'text', text: 'hello' }], isError: false });
    expect(now.body.result).toMatchObject({ content: [{ type: 'text', text: 'hello' }], isError: false });
    const after = await server.sql(`select id from tool_calls where tool = 'echo'`);
    expect(after.length - before.length).toBe(2);
  });

  it('answer an unknown tool with -32602 and wrong arguments with a result that names the field', async () => {
    const session = await openLegacy(server, token);
    const send = [
      (params: object) => session.call('tools/call', params),
      (params: object) => modern(server, token, 'tools/call', params),
    ];
    for (const call of send) {
      const unknown = await call({ name: 'no_such_tool', arguments: {} });
      expect(unknown.body.error).toMatchObject({ code: -32602, message: 'Unknown tool: no_such_tool' });
      const wrong = await call({ name: 'echo', arguments: { text: 7, more: 1 } });
      expect(wrong.body.result.isError).toBe(true);
      expect(wrong.body.result.content[0].text).toContain('text');
    }
  });

  it('never show what a tool threw', async () => {
    const session = await openLegacy(server, token);
    const answers = [
      await session.call('tools/call', { name: 'fails', arguments: {} }),
      await modern(server, token, 'tools/call', { name: 'fails', arguments: {} }),
    ];
    for (const { body } of answers) {
      expect(body.result.isError).toBe(true);
      expect(JSON.stringify(body)).not.toMatch(/passwd|select|secret|at .*\.mjs/);
    }
  });

  it('send progress to a client that asked for it', async () => {
    const params = { name: 'steps', arguments: {}, _meta: { progressToken: 'p1' } };
    const session = await openLegacy(server, token);
    for (const { messages } of [
      await session.call('tools/call', params),
      await modern(server, token, 'tools/call', params),
    ]) {
      const progress = messages.filter((message) => message.method === 'notifications/progress');
      expect(progress.map(({ params: { progress: done } }) => done)).toEqual([1, 2]);
      expect(progress[0].params.progressToken).toBe('p1');
    }
  });

  it('refuse a cursor that they did not give out with -32602', async () => {
    const session = await openLegacy(server, token);
    for (const method of ['tools/list', 'prompts/list', 'resources/list']) {
      for (const cursor of ['nonsense', 'ZWNobw.AAAAAAAAAAAAAAAAAAAAAA']) {
        expect((await session.call(method, { cursor })).body.error.code).toBe(-32602);
        expect((await modern(server, token, method, { cursor })).body.error.code).toBe(-32602);
      }
    }
  });

  it('negotiate every revision up to 2025-11-25, and never hard-match an unknown one', async () => {
    const initialize = (protocolVersion: string) =>
      postMcp(server, token, {
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: { protocolVersion, capabilities: {}, clientInfo: { name: 'test', version: '1' } },
      });
    for (const version of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) {
      expect((await initialize(version)).body.result.protocolVersion).toBe(version);
    }
    expect((await initialize('2031-01-01')).body.result.protocolVersion).toBe(LEGACY);
    const discovered = await modern(server, token, 'server/discover');
    expect(discovered.body.result.supportedVersions).toContain(MODERN);
    expect(discovered.body.result.instructions).toContain('ask_<agent>');
  });
});

describe('permissions', () => {
  it('a key without the scope mcp does not open the door, and hears which scope it needs', async () => {
    const key = await makeKey(server, token, ['tools:read', 'tools:call']);
    const answer = await postMcp(server, key, { jsonrpc: '2.0', id: 1, method: 'tools/list' });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toMatch(/insufficient_scope.*scope="[^"]*mcp/);
  });

  it('a key without the scopes of tools sees none and calls none', async () => {
    for (const scopes of [['mcp'], ['mcp', 'tools:read']]) {
      const key = await makeKey(server, token, scopes);
      const session = await openLegacy(server, key);
      expect((await session.call('tools/list')).body.result.tools).toEqual([]);
      expect((await modern(server, key, 'tools/list')).body.result.tools).toEqual([]);
      const call = { name: 'echo', arguments: { text: 'x' } };
      expect((await session.call('tools/call', call)).body.error).toBeDefined();
      expect((await modern(server, key, 'tools/call', call)).body.error).toBeDefined();
    }
  });

  it('each caller gets his own list', async () => {
    const member = await addMember(server);
    await server.call('PATCH', '/api/v1/tools/steps', { token, body: { access: { roles: ['admin'] } } });
    expect(await restTools(member.token)).not.toContain('steps');
    const { body } = await modern(server, member.token, 'tools/list');
    expect(names(body.result.tools)).toEqual(await restTools(member.token));
    const call = await modern(server, member.token, 'tools/call', { name: 'steps', arguments: {} });
    expect(call.body.error).toMatchObject({ code: -32602, message: 'Unknown tool: steps' });
    await server.call('PATCH', '/api/v1/tools/steps', { token, body: { access: { roles: [] } } });
  });

  it('without a credential every method hears 401 with the absolute metadata URL', async () => {
    for (const [method, body] of [
      ['POST', '{"jsonrpc":"2.0","id":1,"method":"initialize"}'],
      ['POST', 'not json'],
      ['GET', undefined],
      ['DELETE', undefined],
    ] as const) {
      const answer = await fetch(`${server.url}/mcp`, {
        method,
        body,
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toMatch(
        /^Bearer .*resource_metadata="http:\/\/[^"]+\/\.well-known\/oauth-protected-resource\/mcp"/,
      );
      expect(((await answer.json()) as { jsonrpc: string }).jsonrpc).toBe('2.0');
    }
  });

  it('describes itself at both metadata paths without a credential (RFC 9728)', async () => {
    for (const route of ['', '/mcp']) {
      const { status, body } = await server.call('GET', `/.well-known/oauth-protected-resource${route}`);
      expect(status).toBe(200);
      expect(body.resource).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/mcp$/);
      expect(body.bearer_methods_supported).toEqual(['header']);
      expect(body.scopes_supported).toContain('mcp');
      expect(body).not.toHaveProperty('authorization_servers');
    }
  });
});

describe('resources, prompts and completions', () => {
  it('are those of the caller only', async () => {
    const owner = await addMember(server);
    const other = await addMember(server);
    const made = await server.call('POST', '/api/v1/conversations', {
      token: owner.token,
      body: { title: 'Mine' },
    });
    await server.call('POST', `/api/v1/conversations/${made.body.id}/messages`, {
      token: owner.token,
      body: { content: 'The canary sings' },
    });
    const uri = `conversation://${made.body.id}`;
    const session = await openLegacy(server, owner.token);
    const stranger = await openLegacy(server, other.token);
    const uris = (answer: { body: { result: { resources: { uri: string }[] } } }) =>
      answer.body.result.resources.map((resource) => resource.uri);
    expect(uris(await session.call('resources/list'))).toContain(uri);
    expect(uris(await modern(server, owner.token, 'resources/list'))).toContain(uri);
    expect(uris(await stranger.call('resources/list'))).not.toContain(uri);
    const read = await modern(server, owner.token, 'resources/read', { uri });
    expect(read.body.result.contents[0].text).toContain('The canary sings');
    expect((await session.call('resources/read', { uri })).body.result.contents[0].text).toContain('canary');
    const foreign = await modern(server, other.token, 'resources/read', { uri });
    const unknown = await modern(server, other.token, 'resources/read', {
      uri: 'conversation://0190c0de-0000-7000-8000-000000000000',
    });
    expect(foreign.body.error).toMatchObject({ code: -32602, data: { uri } });
    expect(foreign.body.error.message).toBe(unknown.body.error.message);
    expect((await stranger.call('resources/read', { uri })).body.error.code).toBe(-32002);
    expect((await stranger.call('resources/subscribe', { uri })).body.error.code).toBe(-32002);
  });

  it('need their scopes', async () => {
    const key = await makeKey(server, token, ['mcp']);
    expect((await modern(server, key, 'resources/list')).body.result.resources).toEqual([]);
    expect((await modern(server, key, 'prompts/list')).body.result.prompts).toEqual([]);
    const read = await modern(server, key, 'resources/read', { uri: 'agent://assistant' });
    expect(read.body.error.code).toBe(-32602);
  });

  it('offer each agent as a resource and as a prompt with a task', async () => {
    const key = await makeKey(server, token, ALL);
    const { body } = await modern(server, key, 'prompts/list');
    const prompt = body.result.prompts.find(({ name }: { name: string }) => name === 'assistant');
    expect(prompt.arguments).toEqual([expect.objectContaining({ name: 'task', required: true })]);
    const got = await modern(server, key, 'prompts/get', {
      name: 'assistant',
      arguments: { task: 'count to three' },
    });
    expect(got.body.result.messages[0].content.text).toContain('Task: count to three');
    const without = await modern(server, key, 'prompts/get', { name: 'assistant' });
    expect(without.body.error.code).toBe(-32602);
    const agent = await modern(server, key, 'resources/read', { uri: 'agent://assistant' });
    expect(JSON.parse(agent.body.result.contents[0].text)).toMatchObject({ name: 'assistant' });
  });

  it('complete the variable of a template', async () => {
    const session = await openLegacy(server, token);
    const params = {
      ref: { type: 'ref/resource', uri: 'agent://{name}' },
      argument: { name: 'name', value: 'assist' },
    };
    expect((await session.call('completion/complete', params)).body.result.completion.values).toEqual([
      'assistant',
    ]);
    const now = await modern(server, token, 'completion/complete', params);
    expect(now.body.result.completion).toMatchObject({ values: ['assistant'], hasMore: false });
  });
});
