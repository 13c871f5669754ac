import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTracker, type Tracker } from '../fakes/tracker-server.js';
import { type GitServer, startGitServer } from '../support/git-server.js';
import { warmUp } from '../support/runs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** The example of docs/guides/development-assistant.md, as it is shipped, against a tracker and a Git host on loopback. */
const EXAMPLE = path.resolve('examples/development-assistant');
const TOKEN = 'canary-tracker-token';

let base: string;
let remote: GitServer;
let tracker: Tracker;
let server: TestApp;
let token: string;

beforeAll(async () => {
  await warmUp();
  base = mkdtempSync(path.join(tmpdir(), 'mcp-server-example-'));
  const shop = path.join(base, 'remote', 'shop');
  mkdirSync(path.join(shop, 'src'), { recursive: true });
  writeFileSync(
    path.join(shop, 'src/cart.ts'),
    'export function addToCart(items: number) {\n  return items + 1;\n}\n',
  );
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Radia Novak', '-c', 'user.email=radia@example.com', ...args], {
      cwd: shop,
      env: { PATH: process.env.PATH, HOME: base, GIT_CONFIG_NOSYSTEM: '1' },
    });
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-qm', 'SHOP-7: count items once');
  const extensions = path.join(base, 'extensions');
  mkdirSync(extensions);
  for (const file of readdirSync(EXAMPLE).filter((name) => name.endsWith('.agent.yaml')))
    copyFileSync(path.join(EXAMPLE, file), path.join(extensions, file));
  remote = await startGitServer(path.join(base, 'remote'));
  tracker = await startTracker(TOKEN);
  server = await startTestApp({
    EXTENSIONS_DIR: extensions,
    WORKSPACE_DIRS: path.join(base, 'none'),
    EGRESS_ALLOW: `127.0.0.1:${remote.port},${new URL(tracker.url).host}`,
  });
  token = await server.login();
});
afterAll(async () => {
  await server?.stop();
  await Promise.all([remote?.stop(), tracker?.stop()]);
  rmSync(base, { recursive: true, force: true });
});

const call = async (tool: string, args: object) =>
  (await server.call('POST', `/api/v1/tools/${tool}/call`, { token, body: { arguments: args } })).body;

describe('the development assistant', () => {
  it('imports the tracker with no code, reading operations only', async () => {
    const secret = { value: TOKEN, origins: [tracker.url] };
    expect(
      (await server.call('PUT', '/api/v1/secrets/tracker', { token, body: secret })).status,
    ).toBeLessThan(300);
    const body = {
      name: 'tracker',
      document: readFileSync(path.join(EXAMPLE, 'tracker.openapi.yaml'), 'utf8'),
      prefix: 'tracker_',
      include: ['tag:tickets'],
      server: tracker.url,
      auth: { secret: 'tracker', username: 'bot@example.com' },
    };
    const answer = await server.call('POST', '/api/v1/tool-imports/openapi', { token, body });
    expect([answer.status, answer.body.refused]).toEqual([200, []]);
    expect(answer.body.made.map(({ tool }: { tool: string }) => tool).sort()).toEqual([
      'tracker_getTicket',
      'tracker_listComments',
      'tracker_searchTickets',
    ]);
  });

  it('reads tickets a page at a time, signed in by the secret', async () => {
    const first = await call('tracker_searchTickets', { jql: 'project = SHOP', maxResults: 2 });
    expect(JSON.stringify(first.content)).toContain('SHOP-5');
    expect(JSON.stringify(first.content)).not.toContain('SHOP-7');
    const second = await call('tracker_searchTickets', { jql: 'project = SHOP', startAt: 2, maxResults: 2 });
    expect(JSON.stringify(second.content)).toContain('SHOP-7');
    expect((await call('tracker_getTicket', { issueIdOrKey: 'SHOP-7' })).isError).toBe(false);
    expect(JSON.stringify(await server.sql('select * from tool_calls'))).not.toContain(TOKEN);
  });

  it('fetches the repository', async () => {
    await server.call('POST', '/api/v1/workspaces', { token, body: { url: `${remote.url}/shop` } });
    let state = 'fetching';
    while (state === 'fetching')
      state = (await server.call('GET', '/api/v1/workspaces/shop', { token })).body.state;
    expect(state).toBe('ready');
  });

  it('answers one question from tickets, history and code', async () => {
    const input =
      'What is the status of ticket SHOP-7? Who changed src/cart.ts last? And where is addToCart defined in the code?';
    const { body } = await server.call('POST', '/api/v1/runs', {
      token,
      body: { agent: 'development-assistant', input },
    });
    const run = await server.call('GET', `/api/v1/runs/${body.id}/wait?timeoutMs=25000`, { token });
    expect(run.body.status).toBe('completed');
    const { text } = run.body.output;
    expect(text).toContain('In Review');
    expect(text).toContain('Radia Novak');
    expect(text).toContain('src/cart.ts:1');
    const used = await server.sql<{ tool: string; agent: string }>(
      `select distinct tool, agent from tool_calls where run_id = $1 order by tool`,
      [body.id],
    );
    expect(used).toEqual([
      { tool: 'code_search', agent: 'code-reader' },
      { tool: 'git_log', agent: 'code-historian' },
      { tool: 'tracker_getTicket', agent: 'ticket-analyst' },
    ]);
    expect(tracker.requests).toContain('GET /rest/api/3/issue/SHOP-7');
  });
});
