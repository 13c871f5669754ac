import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MultiServerMCPClient } from '@langchain/mcp-adapters';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { addMember } from '../support/accounts.js';
import { writeFixtureTools } from '../support/fixture-tools.js';
import { makeKey } from '../support/mcp-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-ext-'));
let server: TestApp;
let credentials: Record<'admin' | 'member' | 'key without scope', string>;
beforeAll(async () => {
  server = await startTestApp({ EXTENSIONS_DIR: writeFixtureTools(folder) });
  const admin = await server.login();
  credentials = {
    admin,
    member: (await addMember(server)).token,
    'key without scope': await makeKey(server, admin, ['mcp']),
  };
  await server.call('PATCH', '/api/v1/tools/steps', { token: admin, body: { access: { roles: ['admin'] } } });
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Connected {
  list(): Promise<string[]>;
  echo(text: string): Promise<string>;
  close(): Promise<void>;
}

const INFO = { name: 'test', version: '1' };
const endpoint = () => new URL(`${server.url}/mcp`);
const bearer = (token: string) => ({ requestInit: { headers: { authorization: `Bearer ${token}` } } });
const call = (text: string) => ({ name: 'echo', arguments: { text } });
const textOf = (result: unknown) => (result as { content: { text: string }[] }).content[0]?.text ?? '';

async function legacy(token: string): Promise<Connected> {
  const client = new LegacyClient(INFO);
  await client.connect(new LegacyTransport(endpoint(), bearer(token)));
  return {
    list: async () => (await client.listTools()).tools.map(({ name }) => name),
    echo: async (text) => textOf(await client.callTool(call(text))),
    close: () => client.close(),
  };
}

function modern(mode: 'auto' | { pin: string }) {
  return async (token: string): Promise<Connected> => {
    const client = new ModernClient(INFO, { versionNegotiation: { mode } });
    await client.connect(new ModernTransport(endpoint(), bearer(token)));
    expect(client.getProtocolEra()).toBe('modern');
    return {
      list: async () => (await client.listTools()).tools.map(({ name }) => name),
      echo: async (text) => textOf(await client.callTool(call(text))),
      close: () => client.close(),
    };
  };
}

async function langchain(token: string): Promise<Connected> {
  const client = new MultiServerMCPClient({
    mcpServers: {
      server: { transport: 'http', url: endpoint().href, headers: { authorization: `Bearer ${token}` } },
    },
  });
  const tools = await client.getTools();
  return {
    list: async () => tools.map(({ name }) => name),
    echo: async (text) => {
      const tool = tools.find(({ name }) => name === 'echo');
      return String(await tool?.invoke({ text }));
    },
    close: () => client.close(),
  };
}

/** What REST lets this credential call; nothing when it may not list tools at all. */
async function restTools(token: string): Promise<string[]> {
  const { body } = await server.call('GET', '/api/v1/tools?limit=100&enabled=true', { token });
  return ((body.items ?? []) as { name: string }[]).map(({ name }) => name).sort();
}

describe.each([
  ['SDK v1', legacy],
  ['SDK v2, auto', modern('auto')],
  ['SDK v2, pinned', modern({ pin: '2026-07-28' })],
  ['LangChain adapter', langchain],
])('%s', (name, connect) => {
  it.each(['admin', 'member'] as const)('as %s lists the tools of REST and calls one', async (who) => {
    const client = await connect(credentials[who]);
    const expected = await restTools(credentials[who]);
    expect(await client.list()).toEqual(expected);
    expect(expected.includes('steps')).toBe(who === 'admin');
    expect(await client.echo(`hello ${who}`)).toBe(`hello ${who}`);
    await client.close();
  });

  it('with a key without the scopes of tools sees none', async () => {
    const client = await connect(credentials['key without scope']);
    expect(await client.list()).toEqual([]);
    if (name !== 'LangChain adapter') await expect(client.echo('x')).rejects.toThrow(/tools:call/);
    await client.close();
  });
});
