import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/test-app.js';

const pick = <T>(items: readonly T[]) => items[Math.floor(Math.random() * items.length)] as T;
const AUTHORS = ['Ada Lovelace', 'Zoë Müller', "Miles O'Brien"];
const FILES = ['readme.md', 'src/app/main.ts', 'src/weird name (1).txt', 'docs/[x].md'];

let folder: string;
let shallow: string;
let server: TestApp;
let token: string;
let head: string;

const git = (cwd: string, ...args: string[]) =>
  execFileSync('git', args, {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' },
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
const commit = (author: string, message: string, date: string) => {
  git(folder, 'add', '-A');
  const who = ['-c', `user.name=${author}`, '-c', 'user.email=a@example.com'];
  execFileSync('git', [...who, 'commit', '-qm', message], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: '/nonexistent', GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
  });
};
const call = async (name: string, args: unknown) =>
  (await server.call('POST', `/api/v1/tools/${name}/call`, { token, body: { arguments: args } })).body;

beforeAll(async () => {
  const base = mkdtempSync(path.join(tmpdir(), 'mcp-server-git-'));
  folder = path.join(base, 'work');
  shallow = path.join(base, 'shallow');
  mkdirSync(folder);
  git(folder, 'init', '-q', '-b', 'main');
  for (const file of FILES) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), 'start\n'.repeat(5));
  }
  commit(pick(AUTHORS), 'start', '2024-01-01T00:00:00Z');
  for (let index = 1; index <= 12; index += 1) {
    writeFileSync(path.join(folder, pick(FILES)), `${'start\n'.repeat(5)}${index}\n`);
    commit(
      pick(AUTHORS),
      `change ${index}: "quoted" \u00e9`,
      `2024-02-${String(index).padStart(2, '0')}T12:00:00Z`,
    );
  }
  git(folder, 'mv', 'readme.md', 'README.md');
  commit('Ada Lovelace', 'rename', '2024-03-01T00:00:00Z');
  head = git(folder, 'rev-parse', 'HEAD');
  git(base, 'clone', '-q', '--depth', '2', `file://${folder}`, shallow);
  mkdirSync(path.join(base, 'plain'));
  server = await startTestApp({ WORKSPACE_DIRS: [folder, shallow, path.join(base, 'plain')].join(',') });
  token = await server.login();
});
afterAll(async () => {
  await server?.stop();
  rmSync(path.dirname(folder), { recursive: true, force: true });
});

describe('git_log', () => {
  it.each(['src/app/main.ts', 'src/weird name (1).txt', 'docs/[x].md', 'src', 'README.md', 'readme.md'])(
    'says who changed %s last and how often, as Git does',
    async (file) => {
      const { structuredContent, content } = await call('git_log', { path: file });
      const total = Number(git(folder, 'rev-list', '--count', 'HEAD', '--', `:(literal)${file}`));
      const [author, subject] = git(folder, 'log', '-1', '--format=%an%n%s', '--', `:(literal)${file}`).split(
        '\n',
      );
      expect(structuredContent).toMatchObject({
        path: file,
        total,
        last: { author, subject },
        isShallow: false,
      });
      expect(content[0].text).toContain(`${total} commit`);
      expect(content[0].text).toContain(`Last changed by ${author}`);
    },
  );

  it('follows renames, filters by author and date, finds a bare name', async () => {
    const followed = await call('git_log', { path: 'README.md', follow: true });
    const lines = git(folder, 'log', '--follow', '--format=%h', '--', 'README.md').split('\n').length;
    expect(followed.structuredContent.total).toBe(lines);
    const ada = await call('git_log', { author: 'lovelace', limit: 1 });
    expect(ada.structuredContent.total).toBe(
      Number(git(folder, 'rev-list', '--count', '--author=Ada', 'HEAD')),
    );
    expect(ada.structuredContent.commits).toHaveLength(1);
    const days = await call('git_log', { since: '2024-02-03', until: '2024-02-05' });
    expect(days.structuredContent.total).toBe(3);
    expect((await call('git_log', { path: 'main.ts' })).structuredContent.path).toBe('src/app/main.ts');
  });

  it('says that a shallow clone may lack commits', async () => {
    const { structuredContent, content } = await call('git_log', { workspace: 'shallow' });
    expect(structuredContent).toMatchObject({ isShallow: true, total: 2 });
    expect(content[0].text).toContain('may be incomplete');
  });

  it.each([
    [{ path: 'nothing.txt' }, 'file_not_found'],
    [{ author: 'Nobody' }, 'no_commits_found'],
    [{ revision: 'no-such-branch' }, 'revision_not_found'],
    [{ workspace: 'plain' }, 'not_a_repository'],
    [{ workspace: 'other' }, 'unknown_workspace'],
  ])('answers %j with %s', async (args, code) => {
    expect(await call('git_log', args)).toMatchObject({ isError: true, errorCode: code });
  });
});

describe('the other workspace tools', () => {
  it('git_show gives message, files and patch', async () => {
    const { structuredContent } = await call('git_show', { revision: 'HEAD~1' });
    expect(structuredContent.commit.subject).toBe('change 12: "quoted" é');
    expect(structuredContent.filesChanged).toBe(1);
    expect(structuredContent.patch).toContain('+12');
    expect((await call('git_show', {})).structuredContent.commit.hash).toBe(head);
  });

  it('code_search and read_file find what is there', async () => {
    const found = (await call('code_search', { query: '^start$', regex: true, glob: '*.ts' }))
      .structuredContent;
    expect(found.matches.map((match: { line: number }) => match.line)).toEqual([1, 2, 3, 4, 5]);
    const read = await call('read_file', { path: 'src/app/main.ts', startLine: 2, endLine: 3 });
    expect(read.structuredContent).toMatchObject({ startLine: 2, endLine: 3, text: 'start\nstart' });
    expect((await call('read_file', { path: 'src' })).errorCode).toBe('file_not_found');
    expect((await call('read_file', { path: 'nope' })).errorCode).toBe('file_not_found');
  });
});
