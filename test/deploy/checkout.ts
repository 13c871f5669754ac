import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

/** A copy of what Git would give to a newcomer, with the changes of the working tree, without .git and node_modules. */
export function makeCheckout(): string {
  const folder = path.join(mkdtempSync(path.join(tmpdir(), 'mcp-server-deploy-')), 'mcp-server');
  const list = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  for (const file of list.split('\0').filter((name) => name !== '')) {
    const to = path.join(folder, file);
    mkdirSync(path.dirname(to), { recursive: true });
    try {
      cpSync(path.join(root, file), to);
    } catch (error) {
      // Removed in the working tree and not committed yet.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return folder;
}

export interface History {
  readonly folder: string;
  readonly file: string;
  readonly lastAuthor: string;
  readonly commits: number;
}

/** A Git repository with a random history of one file, which other files' commits surround. */
export function makeHistory(folder: string): History {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)]!;
  const authors = ['Ada Quill', 'Bo Marsh', 'Cleo Finch', 'Dag Holm', 'Edda Rowe'];
  const file = `${pick(['ledger', 'orchard', 'beacon', 'harbour'])}.json`;
  const commits = 3 + Math.floor(Math.random() * 6);
  mkdirSync(folder, { recursive: true });
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'init.defaultBranch=main', '-c', 'commit.gpgSign=false', ...args], {
      cwd: folder,
      stdio: 'pipe',
    });
  git('init', '--quiet');
  let lastAuthor = '';
  for (let n = 0; n < commits * 2; n += 1) {
    const author = pick(authors);
    const name = n % 2 === 0 ? file : `notes-${n}.md`;
    if (name === file) lastAuthor = author;
    writeFileSync(path.join(folder, name), `{"revision": ${n}}\n`);
    git('add', '--all');
    git(
      ...['-c', `user.name=${author}`, '-c', `user.email=${author.split(' ')[0]}@example.com`],
      ...['commit', '--quiet', '--message', `Revision ${n}`],
    );
  }
  // The container's user is another one than ours.
  chmodSync(folder, 0o755);
  return { folder, file, lastAuthor, commits };
}
