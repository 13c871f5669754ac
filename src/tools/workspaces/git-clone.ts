import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../common/app-error.js';
import { type Fetch } from '../../platform/egress/guarded-fetch.js';
import { openGitGateway } from '../../platform/egress/git-gateway.js';
import { runGit } from '../builtin/workspace/git.js';
import { WorkspaceErrors } from '../builtin/workspace/workspace.errors.js';

export interface CloneOptions {
  readonly url: string;
  readonly ref: string | null;
  readonly depth: number | null;
  /** Folder to make; its parent is made, too. */
  readonly into: string;
  /** Of the files; what is sent is capped by the `fetch`. */
  readonly maxBytes: number;
  /** The guard that everything goes through. */
  readonly fetch: Fetch;
  readonly signal: AbortSignal;
}

/** The list of a repository's files may be so long; a longer one is refused, whatever the sizes. */
const MAX_LIST_BYTES = 64 << 20;

/**
 * Clones a remote repository: no hooks, no submodules, no LFS or other filters, no symbolic links in the work tree, and
 * files are unpacked only after their sizes were added up. Throws `workspace_fetch_failed`, `workspace_too_large` and
 * what the guard throws; when `signal` aborts, its reason.
 */
export async function cloneRepository(options: CloneOptions): Promise<{ commit: string; bytes: number }> {
  const { url, ref, depth, into, maxBytes, fetch, signal } = options;
  await mkdir(path.dirname(into), { recursive: true, mode: 0o700 });
  const gateway = await openGitGateway(fetch, url);
  try {
    const args = [
      ...['clone', '--quiet', '--no-checkout', '--template=', '--no-recurse-submodules'],
      ...(ref === null ? [] : ['--single-branch', `--branch=${ref}`]),
      ...(depth === null ? [] : [`--depth=${depth}`]),
      ...['--', gateway.url, into],
    ];
    await runGit(path.dirname(into), [...NETWORK, ...args], { signal }, { GIT_ALLOW_PROTOCOL: 'http' });
  } catch (error) {
    throw failure(error, gateway.problem(), signal);
  } finally {
    await gateway.close();
  }
  const git = async (...args: string[]) =>
    runGit(into, args, { signal, maxBytes: MAX_LIST_BYTES, answers: [0, 1, 128] }, {});
  // The loopback URL means nothing any more.
  await git('config', 'remote.origin.url', url);
  const commit = (await git('rev-parse', '--verify', '--quiet', 'HEAD^{commit}')).text.trim();
  if (commit === '') throw WorkspaceErrors.workspace_fetch_failed('The repository has no commit.');
  const list = await git('ls-tree', '-r', '-l', '-z', '--full-tree', commit);
  const bytes = sizeOf(list.text);
  if (list.truncated || bytes > maxBytes)
    throw WorkspaceErrors.workspace_too_large(
      `The files of the repository take more than ${Math.floor(maxBytes / 2 ** 20)} MB (WORKSPACE_MAX_MB).`,
    );
  const { code } = await git(
    '-c',
    'core.symlinks=false',
    'checkout',
    '--quiet',
    '--force',
    '--detach',
    commit,
  );
  if (code !== 0)
    throw WorkspaceErrors.workspace_fetch_failed('The files of the repository cannot be unpacked.');
  return { commit, bytes };
}

const NETWORK = [
  'protocol.http.allow=always',
  'http.followRedirects=false',
  'http.lowSpeedLimit=100',
  'http.lowSpeedTime=60',
  'credential.helper=',
  'transfer.bundleURI=false',
  'core.symlinks=false',
].flatMap((setting) => ['-c', setting]);

/** What Git says holds paths and addresses: only what the gateway saw is told. */
function failure(error: unknown, problem: AppError | undefined, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (problem?.code === 'egress_too_large')
    return WorkspaceErrors.workspace_too_large(undefined, { cause: error });
  if (problem !== undefined) return problem;
  if (error instanceof AppError && error.code === 'git_unavailable') return error;
  return WorkspaceErrors.workspace_fetch_failed(undefined, { cause: error });
}

/** Adds up `<mode> blob <hash> <size>\t<path>` records. */
function sizeOf(list: string): number {
  let bytes = 0;
  for (const record of list.split('\0')) {
    const size = /^\d+ blob [0-9a-f]+ +(\d+)\t/.exec(record)?.[1];
    bytes += Number(size ?? 0);
  }
  return bytes;
}
