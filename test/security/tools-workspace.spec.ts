import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/test-app.js';

const CANARY = 'canary-5f0c2d';
let base: string;
let hostile: string;
let marker: string;
let server: TestApp;
let token: string;

const git = (folder: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=Eve', '-c', 'user.email=eve@example.com', ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: base, GIT_CONFIG_NOSYSTEM: '1' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 10_000,
  });
const write = (file: string, text: string) => {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
};
const call = async (name: string, args: unknown) =>
  (await server.call('POST', `/api/v1/tools/${name}/call`, { token, body: { arguments: args } })).body;

/** A repository whose every known way to run a program or to read elsewhere is armed. */
beforeAll(async () => {
  base = realpathSync(mkdtempSync(path.join(tmpdir(), 'mcp-server-hostile-')));
  hostile = path.join(base, 'ws');
  marker = path.join(base, 'ran');
  const script = path.join(base, 'evil.sh');
  write(script, `#!/bin/sh\necho "$0 $@" >> ${marker}\n`);
  chmodSync(script, 0o755);

  const other = path.join(base, 'other');
  write(path.join(other, 'secret.txt'), CANARY);
  git(other, 'init', '-q');
  git(other, 'add', '.');
  git(other, 'commit', '-qm', CANARY);

  write(path.join(hostile, 'a.txt'), 'one\n');
  write(path.join(hostile, '.env'), CANARY);
  write(path.join(hostile, '.ENV.local'), CANARY);
  write(path.join(hostile, 'deploy/server.pem'), CANARY);
  write(path.join(hostile, 'node_modules/x/index.js'), CANARY);
  write(path.join(hostile, '.data/admin.key'), CANARY);
  write(path.join(hostile, '.data/notes.txt'), CANARY);
  write(path.join(hostile, '.gitattributes'), '*.txt diff=evil filter=evil\n');
  git(hostile, 'init', '-q', '-b', 'main');
  git(hostile, 'add', '-f', '.');
  git(hostile, 'commit', '-qm', 'first');
  writeFileSync(path.join(hostile, 'a.txt'), 'two\n');
  git(hostile, 'commit', '-qam', 'second');

  symlinkSync(other, path.join(hostile, 'link'));
  symlinkSync(path.join(other, 'secret.txt'), path.join(hostile, 'link.txt'));
  mkdirSync(path.join(hostile, 'moved'));
  writeFileSync(path.join(hostile, 'moved/.git'), `gitdir: ${other}/.git\n`);
  mkdirSync(path.join(hostile, 'borrowed'));
  git(path.join(hostile, 'borrowed'), 'init', '-q');
  writeFileSync(path.join(hostile, 'borrowed/.git/objects/info/alternates'), `${other}/.git/objects\n`);
  mkdirSync(path.join(hostile, 'common/.git'), { recursive: true });
  writeFileSync(path.join(hostile, 'common/.git/commondir'), `${other}/.git\n`);
  writeFileSync(path.join(hostile, 'common/.git/HEAD'), 'ref: refs/heads/main\n');

  for (const hook of ['post-checkout', 'pre-commit', 'post-index-change', 'reference-transaction']) {
    const file = path.join(hostile, '.git/hooks', hook);
    write(file, `#!/bin/sh\necho hook >> ${marker}\n`);
    chmodSync(file, 0o755);
  }
  appendFileSync(
    path.join(hostile, '.git/config'),
    `
[core]
  fsmonitor = ${script}
  hooksPath = ${path.join(hostile, '.git/hooks')}
  pager = ${script}
  sshCommand = ${script}
  editor = ${script}
  alternateRefsCommand = ${script}
  worktree = /
  repositoryformatversion = 1
[extensions]
  partialClone = origin
[remote "origin"]
  url = ssh://git@127.0.0.1:9/x
  promisor = true
  uploadpack = ${script}
[pager]
  log = ${script}
  show = ${script}
[diff]
  external = ${script}
[diff "evil"]
  command = ${script}
  textconv = ${script}
[filter "evil"]
  clean = ${script}
  smudge = ${script}
  process = ${script}
[log]
  showSignature = true
[gpg]
  program = ${script}
[alias]
  log = !${script}
  show = !${script}
[protocol]
  allow = always
`,
  );
  server = await startTestApp({ WORKSPACE_DIRS: hostile, DATA_DIR: path.join(hostile, '.data') });
  token = await server.login();
});
afterAll(async () => {
  await server?.stop();
  rmSync(base, { recursive: true, force: true });
});

describe('[S91] a hostile repository', () => {
  it('cannot run a program, and its history is still read', async () => {
    const log = await call('git_log', {});
    expect(log).toMatchObject({
      isError: false,
      structuredContent: { total: 2, last: { author: 'Eve', subject: 'second' } },
    });
    expect((await call('git_log', { path: 'a.txt', follow: true })).structuredContent.total).toBe(2);
    const show = await call('git_show', { revision: 'HEAD' });
    expect(show.structuredContent.patch).toContain('+two');
    expect((await call('code_search', { query: 'two' })).structuredContent.matches).toEqual([
      { path: 'a.txt', line: 1, text: 'two' },
    ]);
    // A missing object would be fetched, by a program of the configuration.
    const hash = git(hostile, 'rev-parse', 'HEAD~1:a.txt').trim();
    rmSync(path.join(hostile, '.git/objects', hash.slice(0, 2), hash.slice(2)));
    expect((await call('git_show', { revision: 'HEAD' })).isError).toBe(true);
    expect(existsSync(marker)).toBe(false);
    // The traps are armed: Git as people call it runs them.
    try {
      git(hostile, `--work-tree=${hostile}`, 'show', '--ext-diff', 'HEAD');
    } catch {
      // what it prints does not matter
    }
    expect(existsSync(marker)).toBe(true);
  });

  it('shows no excluded file, on disk or in history', async () => {
    for (const revision of ['HEAD', 'HEAD~1']) {
      expect(JSON.stringify(await call('git_show', { revision, patch: false }))).not.toMatch(
        /\.pem|\.env|admin\.key/i,
      );
    }
    const search = await call('code_search', { query: CANARY });
    expect(search.structuredContent).toMatchObject({ matches: [] });
  });

  it.each([
    '../other/secret.txt',
    'deploy/../../other/secret.txt',
    '/etc/passwd',
    'link/secret.txt',
    'link.txt',
    'link',
    '.env',
    '.ENV.local',
    './/.env',
    'deploy/server.pem',
    '.git/config',
    '.GIT/config',
    'node_modules/x/index.js',
    '.data/notes.txt',
    '.data/admin.key',
    'C:\\Windows\\win.ini',
  ])('refuses the path %s in every tool', async (given) => {
    const answers = [
      await call('read_file', { path: given }),
      await call('code_search', { query: 'canary', path: given }),
      await call('git_log', { path: given }),
      await call('git_log', { repository: given }),
      await call('git_show', { path: given }),
    ];
    for (const answer of answers) {
      expect(JSON.stringify(answer)).not.toContain(CANARY);
      expect(answer).toMatchObject({ isError: true, errorCode: 'path_not_allowed' });
    }
  });

  it('[S91] does not take a sibling of the workspace for a part of it', async () => {
    write(`${hostile}-other/x.txt`, CANARY);
    expect((await call('read_file', { path: '../ws-other/x.txt' })).errorCode).toBe('path_not_allowed');
  });

  it.each(['moved', 'borrowed', 'common'])(
    'does not follow the prepared repository in %s to another one',
    async (repository) => {
      for (const answer of [await call('git_log', { repository }), await call('git_show', { repository })]) {
        expect(JSON.stringify(answer)).not.toContain(CANARY);
        expect(answer).toMatchObject({ isError: true, errorCode: 'path_not_allowed' });
      }
    },
  );

  it.each(['--output=/tmp/x', '-p', 'HEAD:.env', ':/first', 'HEAD --all', '@{-1}'])(
    'takes the revision %s for no option and no file',
    async (revision) => {
      expect((await call('git_show', { revision })).code).toBe('invalid_tool_arguments');
    },
  );

  it('[S34] is not blocked by a pattern', async () => {
    const startedAt = Date.now();
    expect((await call('code_search', { query: '((a{1,255}){1,255}){1,255}', regex: true })).errorCode).toBe(
      'invalid_pattern',
    );
    expect((await call('code_search', { query: '(a)\\1', regex: true })).errorCode).toBe('invalid_pattern');
    expect(Date.now() - startedAt).toBeLessThan(10_000);
  });
});
