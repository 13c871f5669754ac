import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runGit } from '../../src/tools/builtin/workspace/git.js';
import { addMember } from '../support/accounts.js';
import { type GitServer, startGitServer } from '../support/git-server.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let base: string;
let remote: GitServer;
let server: TestApp;
let token: string;
const keys = { ENCRYPTION_KEYS: `test:${randomBytes(32).toString('base64')}` };
let canary: { port: number; hits: number; stop(): void };

const git = (folder: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=Grace', '-c', 'user.email=grace@example.com', ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: base, GIT_CONFIG_NOSYSTEM: '1' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
const commit = (name: string, files: Record<string, string>, message: string) => {
  const folder = path.join(base, name);
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true });
    git(folder, 'init', '-q', '-b', 'main');
  }
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  }
  git(folder, 'add', '-f', '.');
  git(folder, 'commit', '-q', '--allow-empty', '-m', message);
  return folder;
};
const api = (method: string, route: string, body?: unknown, app = server) =>
  app.call(method, `/api/v1/workspaces${route}`, { token, body });
const settled = async (name: string, app = server) => {
  for (;;) {
    const { body } = await api('GET', `/${name}`, undefined, app);
    if (body.state !== 'fetching') return body;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
};
const add = async (body: object) => {
  const answer = await api('POST', '', body);
  expect(answer.status).toBe(202);
  return settled(answer.body.name);
};
const call = async (tool: string, args: object, app = server) =>
  (await app.call('POST', `/api/v1/tools/${tool}/call`, { token, body: { arguments: args } })).body;
const cloneOf = (name: string) => path.join(server.folder, 'workspaces', name);

beforeAll(async () => {
  base = mkdtempSync(path.join(tmpdir(), 'mcp-server-remote-'));
  commit('shop', { 'src/cart.ts': 'export function addToCart() {}\n' }, 'Add the cart');
  commit(
    'shop',
    { 'src/cart.ts': 'export function addToCart() { /* SHOP-7 */ }\n' },
    'Fix SHOP-7: count items',
  );
  remote = await startGitServer(base);
  canary = await startCanary();
  server = await startTestApp({ ...keys, EGRESS_ALLOW: `127.0.0.1:${remote.port}`, WORKSPACE_MAX_MB: '1' });
  token = await server.login();
});
afterAll(async () => {
  await server?.stop();
  await remote?.stop();
  canary?.stop();
  rmSync(base, { recursive: true, force: true });
});

describe('a remote repository', () => {
  it('is fetched and seen by Git and file tools', async () => {
    const workspace = await add({ url: `${remote.url}/shop` });
    expect(workspace).toMatchObject({ name: 'shop', state: 'ready', problem: null, ref: null, depth: null });
    expect(workspace.commit).toBe(git(path.join(base, 'shop'), 'rev-parse', 'HEAD').trim());
    const log = await call('git_log', { workspace: 'shop', path: 'src/cart.ts' });
    expect(log.structuredContent).toMatchObject({
      total: 2,
      isShallow: false,
      last: { author: 'Grace', subject: 'Fix SHOP-7: count items' },
    });
    const found = await call('code_search', { workspace: 'shop', query: 'addToCart' });
    expect(found.structuredContent.matches).toEqual([
      expect.objectContaining({ path: 'src/cart.ts', line: 1 }),
    ]);
    const read = await call('read_file', { workspace: 'shop', path: 'src/cart.ts' });
    expect(read.structuredContent.text).toContain('SHOP-7');
    const shown = await call('git_show', { workspace: 'shop' });
    expect(shown.structuredContent.message).toContain('SHOP-7');
    expect((await call('read_file', { workspace: 'shop', path: '.git/config' })).isError).toBe(true);
  });

  it('follows when it is updated, and is listed', async () => {
    commit('shop', { 'README.md': '# Shop\n' }, 'Say what it is');
    expect((await api('POST', '/shop/update')).status).toBe(202);
    expect(await settled('shop')).toMatchObject({ state: 'ready' });
    expect((await call('read_file', { workspace: 'shop', path: 'README.md' })).structuredContent.text).toBe(
      '# Shop',
    );
    expect(readdirSync(cloneOf('shop'))).toEqual(['2']);
    const { items } = (await api('GET', '')).body;
    expect(items.map((item: { name: string }) => item.name)).toContain('shop');
  });

  it('is fetched by another machine when a tool there first needs it', async () => {
    const other = await startTestApp({
      ...keys,
      DATABASE_URL: server.databaseUrl,
      EGRESS_ALLOW: `127.0.0.1:${remote.port}`,
    });
    const read = await call('read_file', { workspace: 'shop', path: 'README.md' }, other);
    expect(read.structuredContent.text).toBe('# Shop');
    await other.stop();
  });

  it('is fetched from a branch, as far back as is wanted', async () => {
    git(path.join(base, 'shop'), 'branch', 'release', 'HEAD~1');
    const url = `${remote.url}/shop`;
    expect(await add({ url, name: 'release', ref: 'release', depth: 1 })).toMatchObject({
      state: 'ready',
      ref: 'release',
    });
    const log = await call('git_log', { workspace: 'release' });
    expect(log.structuredContent).toMatchObject({ total: 1, isShallow: true });
    expect((await add({ url, name: 'nowhere', ref: 'nowhere' })).state).toBe('failed');
  });

  it('says safely why it cannot be fetched, and tries again by update', async () => {
    const failed = await add({ url: `${remote.url}/missing` });
    expect(failed.state).toBe('failed');
    expect(failed.problem).toBe(
      'The repository could not be fetched: check its URL, that it is public or has its `auth`, and the branch.',
    );
    const answer = await call('git_log', { workspace: 'missing' });
    expect([answer.isError, answer.errorCode]).toEqual([true, 'workspace_fetch_failed']);
    commit('missing', { 'a.txt': 'a' }, 'Here it is');
    await api('POST', '/missing/update');
    expect((await settled('missing')).state).toBe('ready');
  });

  it('signs in to a private one by a secret, which Git never sees [S62]', async () => {
    commit('private', { 'a.txt': 'a' }, 'Private');
    const value = 'canary-token-5f0c';
    const wanted = `Basic ${Buffer.from(`bot:${value}`).toString('base64')}`;
    remote.intercept = (request, response) => {
      const isDenied =
        request.url?.startsWith('/private/') === true && request.headers.authorization !== wanted;
      if (isDenied) response.writeHead(401, { 'www-authenticate': 'Basic' }).end();
      return isDenied;
    };
    const url = `${remote.url}/private`;
    expect((await add({ url, name: 'anonymous' })).state).toBe('failed');
    const body = { value, origins: [remote.url] };
    expect((await server.call('PUT', '/api/v1/secrets/git', { token, body })).status).toBeLessThan(300);
    const auth = { type: 'basic', secret: 'git', username: 'bot' };
    expect((await add({ url, auth })).state).toBe('ready');
    remote.intercept = undefined;
    expect(readFileSync(path.join(cloneOf('private'), '1/.git/config'), 'utf8')).not.toContain(value);
  });

  it('leaves nothing behind when it is removed', async () => {
    await add({ url: `${remote.url}/shop`, name: 'gone' });
    expect(existsSync(cloneOf('gone'))).toBe(true);
    expect((await api('DELETE', '/gone')).status).toBe(204);
    expect(existsSync(cloneOf('gone'))).toBe(false);
    expect((await api('DELETE', '/gone')).status).toBe(404);
    expect((await call('git_log', { workspace: 'gone' })).errorCode).toBe('unknown_workspace');
    expect(
      readdirSync(path.join(server.folder, 'workspaces')).filter((name) => name.startsWith('.')),
    ).toEqual([]);
  });

  it('is managed by admins, once for each name, and audited', async () => {
    const member = await addMember(server);
    const url = `${remote.url}/shop`;
    const asMember = (method: string, route: string, body?: object) =>
      server.call(method, `/api/v1/workspaces${route}`, { token: member.token, body });
    expect((await asMember('POST', '', { url, name: 'mine' })).status).toBe(403);
    expect((await asMember('DELETE', '/shop')).status).toBe(403);
    expect((await asMember('GET', '/shop')).status).toBe(200);
    expect((await api('POST', '', { url })).body.code).toBe('workspace_exists');
    const folder = path.basename(process.cwd()).toLowerCase();
    expect((await api('POST', '', { url, name: folder })).body.code).toBe('workspace_exists');
    const actions = await server.sql<{ action: string }>(
      `select distinct action from audit_log where target_type = 'workspace' order by 1`,
    );
    expect(actions.map(({ action }) => action)).toEqual([
      'workspace.added',
      'workspace.removed',
      'workspace.updated',
    ]);
  });
});

describe('a hostile repository', () => {
  it('runs nothing, links nowhere, and its submodules stay away [S91]', async () => {
    const folder = commit(
      'hostile',
      {
        '.gitattributes': '* filter=lfs diff=evil\n',
        '.gitmodules': `[submodule "inner"]\n\tpath = inner\n\turl = http://127.0.0.1:${canary.port}/inner\n`,
        'big.bin': 'version https://git-lfs.github.com/spec/v1\n',
        '.git_hooks/post-checkout': '#!/bin/sh\ntouch /tmp/canary\n',
      },
      'Trap',
    );
    symlinkSync('/etc/passwd', path.join(folder, 'link'));
    git(folder, 'add', 'link');
    git(folder, 'commit', '-qm', 'Link');
    writeFileSync(path.join(folder, '.git/hooks/post-checkout'), `#!/bin/sh\ntouch ${base}/ran\n`, {
      mode: 0o755,
    });
    expect((await add({ url: `${remote.url}/hostile` })).state).toBe('ready');
    expect(existsSync(path.join(base, 'ran'))).toBe(false);
    const clone = path.join(cloneOf('hostile'), '1');
    expect(readFileSync(path.join(clone, 'link'), 'utf8')).toBe('/etc/passwd');
    expect(existsSync(path.join(clone, '.git/hooks'))).toBe(false);
    expect((await call('read_file', { workspace: 'hostile', path: 'link' })).structuredContent?.text).toBe(
      '/etc/passwd',
    );
    expect(canary.hits).toBe(0);
  });

  it('is refused before it is unpacked when it is too large', async () => {
    commit('bomb', { 'zeros.txt': 'x'.repeat(3 << 20) }, 'Boom');
    const bomb = await add({ url: `${remote.url}/bomb` });
    expect(bomb).toMatchObject({ state: 'failed', commit: null });
    expect(bomb.problem).toContain('WORKSPACE_MAX_MB');
    expect(existsSync(cloneOf('bomb'))).toBe(false);
  });

  it('is cut off when it sends too much', async () => {
    remote.intercept = (request, response) => {
      if (!request.url?.startsWith('/endless/')) return false;
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
      const send = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, '0')));
        if (!response.destroyed) response.once('drain', send);
      };
      send();
      return true;
    };
    expect(await add({ url: `${remote.url}/endless` })).toMatchObject({ state: 'failed' });
    remote.intercept = undefined;
  });
});

describe('the way out', () => {
  const DENIED = [
    () => `http://127.0.0.1:${canary.port}/x`,
    () => `https://127.0.0.1:${canary.port}/x`,
    () => `https://localhost:${canary.port}/x`,
    () => 'https://169.254.169.254/latest/meta-data',
    () => 'https://[::1]/x',
    () => 'https://[::ffff:127.0.0.1]/x',
    () => 'https://2130706433/x',
    () => 'https://0x7f.1/x',
    () => 'https://10.0.0.1/x',
    () => 'https://user:password@github.com/x/y',
    () => 'http://github.com/x/y',
    () => 'ssh://git@github.com/x/y',
    () => 'git://github.com/x/y',
    () => 'file:///etc',
    () => 'ext::sh -c id',
    () => '--upload-pack=touch /tmp/x',
  ];
  it.each(DENIED.map((url, index) => [index, url] as const))(
    '[S49] is closed for URL %i',
    async (_index, url) => {
      const answer = await api('POST', '', { url: url(), name: 'denied' });
      expect([400, 422]).toContain(answer.status);
      expect(canary.hits).toBe(0);
    },
  );

  it('[S51] is closed behind a redirect', async () => {
    remote.intercept = (request, response) => {
      if (!request.url?.startsWith('/moved/')) return false;
      response.writeHead(302, { location: `http://127.0.0.1:${canary.port}${request.url}` }).end();
      return true;
    };
    const moved = await add({ url: `${remote.url}/moved` });
    remote.intercept = undefined;
    expect(moved.state).toBe('failed');
    expect(moved.problem).toContain('EGRESS_ALLOW');
    expect(canary.hits).toBe(0);
  });

  it('lets Git ask for nothing but references and packs', () => {
    expect(new Set(remote.requests.map((line) => line.replace(/\/[^/]+\//, '/*/')))).toEqual(
      new Set(['GET /*/info/refs', 'POST /*/git-upload-pack']),
    );
  });
});

describe('a Git process', () => {
  it('ends with its signal, and so do those that it started', async () => {
    const gone = new AbortController();
    const folder = path.join(base, 'shop');
    const seconds = `${30 + Math.random()}`;
    const running = runGit(
      folder,
      ['-c', `alias.wait=!sleep ${seconds}; true`, 'wait'],
      { signal: gone.signal },
      {},
    ).catch((error: unknown) => error);
    const isRunning = () => processes().some((line) => line.includes(`sleep\0${seconds}`));
    while (!isRunning()) await new Promise((resolve) => setTimeout(resolve, 10));
    const reason = new Error('gone');
    gone.abort(reason);
    expect(await running).toBe(reason);
    expect(isRunning()).toBe(false);
  });

  it('ends when the server stops in the middle of a fetch', async () => {
    const stopping = await startTestApp({ EGRESS_ALLOW: `127.0.0.1:${remote.port}` });
    const own = await stopping.login();
    remote.intercept = (request) => request.url?.startsWith('/hanging/') === true;
    await stopping.call('POST', '/api/v1/workspaces', { token: own, body: { url: `${remote.url}/hanging` } });
    const clones = () =>
      processes().filter((line) => line.includes(stopping.folder) && line.startsWith('git\0')).length;
    while (clones() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await stopping.stop();
    remote.intercept = undefined;
    expect(clones()).toBe(0);
  });
});

/** Command lines of all processes of this machine. */
function processes(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    });
}

async function startCanary() {
  const state = { port: 0, hits: 0, stop: () => {} };
  const listener = createServer((socket) => {
    state.hits += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  state.port = (listener.address() as { port: number }).port;
  state.stop = () => void listener.close();
  return state;
}
