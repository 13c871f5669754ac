import { lstat, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { type Repository } from './git.js';
import { WorkspaceErrors } from './workspace.errors.js';
import { isInside, type Place } from './workspaces.js';

/**
 * The repository that a place lies in, looked for upwards, but not above the workspace. Git itself does not search:
 * a prepared `.git` file, link, `commondir` or alternates could lead to the history of another repository. [S91]
 * Throws `not_a_repository`, or `path_not_allowed` when its data lies outside the workspace.
 */
export async function findRepository({ workspace: { root }, location }: Place): Promise<Repository> {
  for (let folder = location; isInside(root, folder); folder = path.dirname(folder)) {
    const dotGit = path.join(folder, '.git');
    const there = await lstat(dotGit).catch(() => undefined);
    if (there !== undefined) return open(root, folder, dotGit, there.isFile());
  }
  throw WorkspaceErrors.not_a_repository();
}

async function open(root: string, workTree: string, dotGit: string, isFile: boolean): Promise<Repository> {
  const gitDir = await followLink(workTree, dotGit, isFile);
  const common = await text(path.join(gitDir, 'commondir'));
  const commonDir = common === undefined ? gitDir : await real(path.resolve(gitDir, common));
  const isWorktree = isFile && (await isOwnWorktree(dotGit, gitDir, commonDir));
  if (!isWorktree && !(isInside(root, gitDir) && isInside(root, commonDir))) throw outside();
  await checkObjects(isWorktree ? path.dirname(commonDir) : root, commonDir);
  const relative = path.relative(root, workTree).split(path.sep).join('/');
  return {
    workTree,
    gitDir,
    commonDir,
    relative: relative === '' ? '.' : relative,
    isShallow: (await lstat(path.join(commonDir, 'shallow')).catch(() => undefined)) !== undefined,
  };
}

async function followLink(workTree: string, dotGit: string, isFile: boolean): Promise<string> {
  if (!isFile) return real(dotGit);
  const target = /^gitdir: (.+)$/.exec((await text(dotGit)) ?? '')?.[1];
  if (target === undefined) throw WorkspaceErrors.not_a_repository();
  return real(path.resolve(workTree, target));
}

/** A linked worktree: the main repository, which a workspace cannot write to, names this folder in turn. */
async function isOwnWorktree(dotGit: string, gitDir: string, commonDir: string): Promise<boolean> {
  const back = await text(path.join(gitDir, 'gitdir'));
  if (back === undefined || path.dirname(gitDir) !== path.join(commonDir, 'worktrees')) return false;
  return (await real(path.resolve(gitDir, back)).catch(() => undefined)) === (await real(dotGit));
}

/** Objects that are borrowed from elsewhere could be those of a repository that must not be read. */
async function checkObjects(allowed: string, commonDir: string): Promise<void> {
  const objects = await real(path.join(commonDir, 'objects'));
  const alternates = (await text(path.join(objects, 'info', 'alternates'))) ?? '';
  const places = alternates.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  for (const place of [objects, ...places.map((line) => path.resolve(objects, line))]) {
    if (!isInside(allowed, await real(place))) throw outside();
  }
}

async function text(file: string): Promise<string | undefined> {
  const content = await readFile(file, 'utf8').catch(() => undefined);
  return content?.trim();
}

async function real(location: string): Promise<string> {
  try {
    return await realpath(location);
  } catch (error) {
    throw WorkspaceErrors.not_a_repository(undefined, { cause: error });
  }
}

function outside() {
  return WorkspaceErrors.path_not_allowed('The data of this Git repository lies outside the workspace.');
}
