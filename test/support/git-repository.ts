import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface TestRepository {
  readonly folder: string;
  /** A file of it, who changed it last, and how many commits touched it. */
  readonly file: string;
  readonly lastAuthor: string;
  readonly commits: number;
}

const FIRST = ['Ada', 'Grace', 'Edsger', 'Barbara', 'Donald', 'Radia', 'Tony', 'Frances', 'Niklaus', 'Lynn'];
const LAST = [
  'Quill',
  'Marsh',
  'Osei',
  'Lindqvist',
  'Tanaka',
  'Ferrari',
  'Novak',
  'Abara',
  'Keller',
  'Dumont',
];
const FILES = [
  'settings.yaml',
  'src/engine.ts',
  'docs/handbook.md',
  'Makefile',
  'lib/parser.py',
  'notes.txt',
];

const pick = <T>(items: readonly T[]): T => items[randomInt(items.length)] as T;

/** A repository nobody has seen: random authors, files and counts. */
export function makeRepository(): TestRepository {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-git-'));
  const git = (args: string[], env: Record<string, string> = {}) =>
    execFileSync('git', args, { cwd: folder, env: { PATH: process.env.PATH ?? '', HOME: folder, ...env } });
  git(['init', '-q', '-b', 'main']);
  const file = pick(FILES);
  const others = FILES.filter((name) => name !== file);
  const commits = randomInt(3, 9);
  let lastAuthor = '';
  const commit = (name: string, at: number) => {
    const author = `${pick(FIRST)} ${pick(LAST)}`;
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), `${at} ${Math.random()}\n`);
    const email = `${author.replace(' ', '.').toLowerCase()}@example.com`;
    const date = new Date(1_700_000_000_000 + at * 3_600_000).toISOString();
    git(['add', '.']);
    git(['commit', '-q', '-m', `Change ${at}`], {
      GIT_AUTHOR_NAME: author,
      GIT_AUTHOR_EMAIL: email,
      GIT_COMMITTER_NAME: author,
      GIT_COMMITTER_EMAIL: email,
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_DATE: date,
    });
    return author;
  };
  for (let at = 0; at < commits; at += 1) {
    lastAuthor = commit(file, at * 2);
    commit(pick(others), at * 2 + 1);
  }
  return { folder, file, lastAuthor, commits };
}
