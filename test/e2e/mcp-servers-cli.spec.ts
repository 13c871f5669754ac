import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { McpUpstream } from '../fakes/mcp-upstream.js';
import { AuthorizationServer, ProtectedUpstream } from '../fakes/oauth-upstream.js';
import { addMember, type TestAccount } from '../support/accounts.js';
import { buildOnce, environment, PROJECT } from '../support/server-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

jest.setTimeout(120_000);

let server: TestApp;
let upstream: McpUpstream;
let token: string;
let home: string;
beforeAll(async () => {
  buildOnce();
  home = mkdtempSync(path.join(tmpdir(), 'mcp-server-home-'));
  upstream = await McpUpstream.start([{ name: 'echo' }, { name: 'bad', inputSchema: 'x' }]);
  server = await startTestApp({ EGRESS_ALLOW: '127.0.0.0/8' });
  token = await server.login();
}, 120_000);
afterAll(async () => {
  await server?.stop();
  await upstream?.stop();
  rmSync(home, { recursive: true, force: true });
});

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const cli = (...args: string[]): Promise<Finished> => run(args);

/** `onText` hears all of stdout so far. */
async function run(
  args: string[],
  { as = token, onText }: { as?: string; onText?: (text: string) => void } = {},
): Promise<Finished> {
  const child = spawn(path.join(PROJECT, 'bin/mcp-server'), ['mcp-servers', ...args], {
    cwd: home,
    env: environment({
      MCP_SERVER_URL: server.url,
      MCP_SERVER_TOKEN: as,
      XDG_CONFIG_HOME: home,
      DATA_DIR: home,
    }),
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    onText?.(stdout);
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

it('adds, lists, refreshes and removes an upstream server', async () => {
  const added = await cli('add', 'fake', upstream.url, '--header', 'X-Team=a');
  expect(added).toMatchObject({ code: 0, stderr: '' });
  expect(added.stdout).toContain('fake: healthy, 1 tools');
  expect(added.stdout).toMatch(/refused +bad: inputSchema must be/);
  expect(upstream.requests.at(-1)?.headers['x-team']).toBe('a');

  expect((await cli('list')).stdout).toMatch(/fake +healthy +1/);
  upstream.tools = [{ name: 'echo', description: 'Changed' }];
  expect((await cli('refresh', 'fake')).stdout).toMatch(/quarantined +fake__echo/);
  expect(await cli('refresh', 'none')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('mcp-servers list'),
  });
  expect(await cli('remove', 'fake')).toMatchObject({ code: 0, stdout: 'fake is removed\n' });
  expect((await cli('list')).stdout).not.toContain('fake');
});

describe('sign-in', () => {
  let authorization: AuthorizationServer;
  let asksWho: ProtectedUpstream;
  let member: TestAccount;
  beforeAll(async () => {
    authorization = await AuthorizationServer.start();
    asksWho = await ProtectedUpstream.start(authorization);
    member = await addMember(server);
  });
  afterAll(async () => {
    await Promise.all([asksWho?.stop(), authorization?.stop()]);
  });

  /** Signs in as a person: opens the address that is printed, answers there, and comes back. */
  async function signIn(as: string, answer: (back: URL) => void, ...more: string[]): Promise<Finished> {
    let came: Promise<unknown> | undefined;
    const onText = (text: string) => {
      const [address] = /https?:\S+/.exec(text) ?? [];
      if (address === undefined || came !== undefined) return;
      const back = authorization.consent(address, 'Ada');
      answer(back);
      came = fetch(`${server.url}${back.pathname}${back.search}`);
    };
    const finished = await run(['sign-in', 'who', '--no-open', ...more], { as, onText });
    await came;
    return finished;
  }
  const confirm = (back: URL) => back.searchParams.set('confirm', 'yes');
  const refuse = (back: URL) => {
    back.searchParams.delete('code');
    back.searchParams.set('error', 'access_denied');
  };

  it.each(['user', 'server'])('waits for the person, one sign-in of each %s', async (per) => {
    const added = await cli('add', 'who', asksWho.url, '--oauth', per, '--scope', 'mcp:tools');
    expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining('mcp-servers sign-in who') });
    const [mine, other] = await Promise.all([
      signIn(token, confirm),
      per === 'user' ? signIn(member.token, confirm) : run(['sign-in', 'who'], { as: member.token }),
    ]);
    expect(mine).toMatchObject({ code: 0, stdout: expect.stringContaining('signed in at who') });
    // EX_NOPERM: one sign-in for all is an admin's.
    expect(other).toMatchObject({ code: per === 'user' ? 0 : 77 });
    expect((await cli('refresh', 'who')).stdout).toContain('who: healthy, 1 tools');

    // Refused, though there is a sign-in from before; and nobody who comes back.
    expect(await signIn(token, refuse)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('You did not sign in'),
    });
    const late = await run(['sign-in', 'who', '--no-open', '--timeout', '1']);
    expect(late).toMatchObject({ code: 1, stderr: expect.stringContaining('Nobody came back within 1 s') });
    expect((await cli('sign-out', 'who')).stdout).toBe('signed out at who\n');
    expect((await cli('remove', 'who')).code).toBe(0);
  });

  it('says what is wrong', async () => {
    expect(await cli('add', 'gone', 'http://127.0.0.1:1/mcp')).toMatchObject({
      code: 69,
      stderr: expect.stringContaining('gone is added, and is looked at again by itself'),
    });
    expect((await cli('remove', 'gone')).code).toBe(0);
    expect((await cli('add', 'plain', upstream.url)).code).toBe(0);
    expect(await cli('sign-in', 'plain')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not of type "oauth"'),
    });
    expect(await cli('sign-in', 'plain', '--timeout', 'soon')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('--timeout soon'),
    });
    expect(await cli('add', 'two', upstream.url, '--bearer', 'x', '--oauth', 'user')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('Give one of'),
    });
    expect((await cli('remove', 'plain')).code).toBe(0);
  });
});
