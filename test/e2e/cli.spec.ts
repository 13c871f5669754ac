import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { buildOnce, environment, PROJECT } from '../support/server-process.js';
import { ADMIN, startTestApp, type TestApp } from '../support/test-app.js';

jest.setTimeout(60_000);

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let server: TestApp;
let home: string;
beforeAll(async () => {
  buildOnce();
  server = await startTestApp();
}, 120_000);
afterAll(() => server?.stop());
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'mcp-server-home-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Runs the command line as a person would, with a configuration folder of its own. */
async function cli(
  args: readonly string[],
  { input = '', env = {} }: { input?: string; env?: Record<string, string> } = {},
): Promise<Result> {
  const child = spawn(path.join(PROJECT, 'bin/mcp-server'), [...args], {
    cwd: home,
    env: environment({ MCP_SERVER_URL: server.url, XDG_CONFIG_HOME: home, DATA_DIR: home, ...env }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

const login = () => cli(['login', '--email', ADMIN.email], { input: `${ADMIN.password}\n` });

describe('logging in', () => {
  it('keeps the tokens in a file that only this user can read, and uses them', async () => {
    expect(await login()).toMatchObject({ code: 0, stdout: expect.stringContaining(ADMIN.email) });
    const file = path.join(home, 'mcp-server/credentials.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain(ADMIN.password);
    expect(await cli(['tools', 'list'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('text_stats'),
    });
  });

  it('renews an access token that has ended', async () => {
    await login();
    const file = path.join(home, 'mcp-server/credentials.json');
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Record<string, { accessToken: string }>;
    writeFileSync(
      file,
      JSON.stringify({ [server.url]: { ...kept[server.url], accessToken: 'not.a.token' } }),
    );
    expect(await cli(['tools', 'list'])).toMatchObject({ code: 0 });
    const renewed = JSON.parse(readFileSync(file, 'utf8')) as Record<string, { accessToken: string }>;
    expect(renewed[server.url]?.accessToken).not.toBe('not.a.token');
  });

  it('says what is wrong with a password and exits with 77', async () => {
    const { code, stderr } = await cli(['login', '--email', ADMIN.email], { input: 'not it at all\n' });
    expect(stderr).toContain('invalid_credentials');
    expect(code).toBe(77);
  });

  it('forgets the login with logout', async () => {
    await login();
    expect(await cli(['logout'])).toMatchObject({ code: 0 });
    expect(await cli(['tools', 'list'])).toMatchObject({ code: 77 });
  });

  it('uses DATA_DIR/admin.key when there is no login, for a server on this machine only', async () => {
    const token = await server.login();
    const made = await server.call('POST', '/api/v1/api-keys', {
      token,
      body: { name: 'cli', scopes: ['tools:read'] },
    });
    writeFileSync(path.join(home, 'admin.key'), `${made.body.key}\n`);
    expect(await cli(['tools', 'list'])).toMatchObject({ code: 0 });
    // A name that leads to the same server but is no loopback address gets no key.
    const elsewhere = server.url.replace('127.0.0.1', '127.0.0.1.example.invalid');
    const refused = await cli(['--url', elsewhere, 'tools', 'list']);
    expect(refused.code).toBe(69);
  });
});

describe('tools', () => {
  const admin = async () => ({ env: { MCP_SERVER_TOKEN: await server.login() } });

  it('are listed, shown and called', async () => {
    const options = await admin();
    const shown = await cli(['tools', 'show', 'text_stats', '--json'], options);
    expect(JSON.parse(shown.stdout)).toMatchObject({ name: 'text_stats', kind: 'builtin' });
    const byPairs = await cli(['tools', 'call', 'text_stats', '--arg', 'text=one two three'], options);
    expect(byPairs).toMatchObject({ code: 0, stdout: expect.stringContaining('3') });
    const byJson = await cli(['tools', 'call', 'text_stats', '--args', '{"text":"one two"}'], options);
    expect(byJson).toMatchObject({ code: 0, stdout: expect.stringContaining('2') });
  });

  it('are disabled and enabled', async () => {
    const options = await admin();
    expect(await cli(['tools', 'disable', 'text_stats'], options)).toMatchObject({ code: 0 });
    expect((await cli(['tools', 'call', 'text_stats', '--args', '{"text":"x"}'], options)).stderr).toContain(
      'tool_disabled',
    );
    expect(await cli(['tools', 'enable', 'text_stats'], options)).toMatchObject({ code: 0 });
    expect(await cli(['tools', 'call', 'text_stats', '--args', '{"text":"x"}'], options)).toMatchObject({
      code: 0,
    });
  });

  it('name the field of a bad argument', async () => {
    const { code, stderr } = await cli(['tools', 'call', 'text_stats', '--args', '{"txt":"1"}'], {
      env: { MCP_SERVER_TOKEN: await server.login() },
    });
    expect(code).toBe(1);
    expect(stderr).toContain('invalid_tool_arguments');
    expect(stderr).toContain('text: is required');
  });
});

describe('accounts', () => {
  it('are made, listed and closed by an admin', async () => {
    const env = { MCP_SERVER_TOKEN: await server.login() };
    const email = 'ada@example.com';
    const made = await cli(['user', 'create', email, '--name', 'Ada'], {
      env,
      input: 'difference engine 1\n',
    });
    expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining(email) });
    expect((await cli(['user', 'list'], { env })).stdout).toMatch(/ada@example\.com +member +active/);
    expect(await cli(['user', 'disable', email], { env })).toMatchObject({ code: 0 });
    const refused = await cli(['login', '--email', email], { input: 'difference engine 1\n' });
    expect(refused.code).toBe(77);
  });
});

describe('a server that does not run', () => {
  it.each([['status'], ['tools', 'list'], ['chat', 'hello']])(
    '%s: says how to start one, 69',
    async (...args) => {
      const { code, stderr } = await cli(args, { env: { MCP_SERVER_URL: 'http://127.0.0.1:9' } });
      expect(stderr).toContain('npm start');
      expect(code).toBe(69);
    },
  );
});

describe('the rest', () => {
  it('an unknown command: 64', async () => {
    expect(await cli(['frobnicate'])).toMatchObject({ code: 64 });
  });

  it('status and agents answer', async () => {
    const env = { MCP_SERVER_TOKEN: await server.login() };
    expect((await cli(['status'], { env })).stdout).toContain('healthy');
    expect((await cli(['agents', 'list'], { env })).stdout).toContain('code-historian');
  });

  it('doctor names what is wrong with the configuration, never a value', async () => {
    const { code, stdout } = await cli(['doctor'], {
      env: { LEASE_SECONDS: 'hunter2', LLM_MODEL: 'openai:x' },
    });
    expect(code).toBe(78);
    expect(stdout).toContain('LEASE_SECONDS');
    expect(stdout).not.toContain('hunter2');
    const model = await cli(['doctor'], { env: { LLM_MODEL: 'openai:x' } });
    expect(model.stdout).toContain('OPENAI_API_KEY');
  });
});

describe('the registry as a file', () => {
  it('is exported, compared, asked about and applied', async () => {
    await login();
    const file = path.join(home, 'tools.yaml');
    expect((await cli(['tools', 'export', '-o', file])).code).toBe(0);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('version: 1');
    expect(await cli(['tools', 'apply', file])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+ unchanged\n$/),
    });

    writeFileSync(file, 'version: 1\nsettings:\n  - name: text_stats\n    policy: { timeoutMs: 12345 }\n');
    const no = await cli(['tools', 'apply', file], { input: 'n\n' });
    expect(no.stdout).toContain('replace /policy/timeoutMs 30000 -> 12345');
    expect(no.stdout).not.toContain('applied');
    expect((await cli(['tools', 'apply', file, '--dry-run', '--yes'])).stdout).not.toContain('applied');
    expect(await cli(['tools', 'apply', file, '--yes'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('applied: 1 changed'),
    });
    expect((await cli(['tools', 'show', 'text_stats'])).stdout).toContain('12345');

    writeFileSync(file, 'version: 1\ntools:\n  - name: calculator\n');
    const refused = await cli(['tools', 'apply', file, '--yes']);
    expect([refused.code, refused.stdout]).toEqual([
      1,
      expect.stringContaining('! tools calculator (at /tools/0): '),
    ]);
  });
});

describe('secrets and imports', () => {
  const openapi = (name: string, ...more: string[]) => cli(['tools', 'import', 'openapi', name, ...more]);

  it('keep a file of many lines as it is, and never show it', async () => {
    await login();
    const set = ['secrets', 'set', 'pem', '--origin', 'https://api.example.com'];
    expect(await cli(set)).toMatchObject({ code: 1, stderr: expect.stringContaining('Nothing to read') });
    expect((await cli(set, { input: 'short\nbut with a second line\n' })).code).toBe(0);
    const listed = (await cli(['secrets', 'list'])).stdout;
    expect(listed).toContain('https://api.example.com');
    expect(listed).not.toContain('second line');
    expect((await cli(['secrets', 'delete', 'pem'])).stdout).toBe('pem is forgotten\n');
  });

  it('are made, listed and deleted; nothing made is a failure', async () => {
    await login();
    const tracker = path.join(PROJECT, 'examples/development-assistant/tracker.openapi.yaml');
    const made = await openapi(tracker, '--name', 'tracker', '--include', 'tag:tickets');
    expect([made.code, made.stderr]).toEqual([0, expect.stringContaining('3 made, 0 refused')]);
    expect((await cli(['tools', 'import', 'list'])).stdout).toMatch(/^tracker +3 /m);
    expect((await cli(['tools', 'import', 'refresh', 'tracker'])).stderr).toContain(
      'tool_import_without_url',
    );
    expect((await cli(['tools', 'import', 'delete', 'tracker'])).code).toBe(0);
    const refused = await openapi(tracker, '--name', 'tracker', '--secret', 'none', '--dry-run');
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('0 would be made, 4 refused'),
    ]);
  });
});
