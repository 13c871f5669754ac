import { spawn } from 'node:child_process';
import { devNull } from 'node:os';
import { realpath } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import { searchPath } from '../../../config/env.js';
import { WorkspaceErrors } from './workspace.errors.js';

const MAX_OUTPUT = 4 << 20;
const MAX_ERROR_OUTPUT = 16 << 10;

/** A Git repository whose history may be read. */
export interface Repository {
  readonly workTree: string;
  readonly gitDir: string;
  readonly commonDir: string;
  /** Relative to the workspace, '.' for the workspace itself. */
  readonly relative: string;
  /** A shallow clone: older commits are missing, counts may be too low. */
  readonly isShallow: boolean;
}

export interface GitOutput {
  readonly code: number;
  readonly text: string;
  /** The output was longer than allowed; Git was stopped. */
  readonly truncated: boolean;
}

export interface GitOptions {
  readonly signal: AbortSignal;
  readonly maxBytes?: number;
  /** Exit codes that are an answer, not a failure. Default only 0. */
  readonly answers?: readonly number[];
}

/**
 * Runs Git so that nothing in a repository can run a program or reach out: no hooks, fsmonitor, pager, external diff,
 * textconv, signature check, lazy fetch, replaced or grafted history, and none of this process's environment.
 */
@Injectable()
export class Git {
  /** Runs a command on a repository. Throws `git_failed`, `git_unavailable`. */
  in(
    repository: Repository,
    command: string,
    args: readonly string[],
    options: GitOptions,
  ): Promise<GitOutput> {
    return runGit(repository.workTree, [command, ...(ARGUMENTS[command] ?? []), ...args], options, {
      GIT_DIR: repository.gitDir,
      GIT_COMMON_DIR: repository.commonDir,
      GIT_WORK_TREE: repository.workTree,
    });
  }

  /** Searches the files below a folder without opening any repository. */
  grep(folder: string, args: readonly string[], options: GitOptions): Promise<GitOutput> {
    return runGit(
      folder,
      ['grep', '--no-index', '--exclude-standard', '--no-textconv', '--no-color', ...args],
      options,
      {
        GIT_DIR: '/nonexistent',
      },
    );
  }

  /** The commit that a branch, tag, hash or `HEAD~2` means. Throws `revision_not_found`. */
  async commit(repository: Repository, revision: string, signal: AbortSignal): Promise<string> {
    const args = ['--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
    const { code, text } = await this.in(repository, 'rev-parse', args, { signal, answers: [0, 1, 128] });
    if (code !== 0)
      throw WorkspaceErrors.revision_not_found(`The repository has no commit, branch or tag "${revision}".`);
    return text.trim();
  }
}

/** Commands that show changes must not be told by the repository's own configuration how to. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  log: [
    '--no-ext-diff',
    '--no-textconv',
    '--no-color',
    '--no-show-signature',
    '--no-mailmap',
    '--encoding=UTF-8',
  ],
  show: [
    '--no-ext-diff',
    '--no-textconv',
    '--no-color',
    '--no-show-signature',
    '--no-mailmap',
    '--encoding=UTF-8',
    '--submodule=short',
    '--ignore-submodules=all',
  ],
};

const SAFE_CONFIG = [
  'core.fsmonitor=false',
  `core.hooksPath=${devNull}`,
  `core.attributesFile=${devNull}`,
  `core.excludesFile=${devNull}`,
  'core.pager=cat',
  'core.alternateRefsCommand=true',
  'log.showSignature=false',
  'diff.external=',
  'protocol.allow=never',
  'submodule.recurse=false',
].flatMap((setting) => ['-c', setting]);

const SAFE_ENVIRONMENT = {
  HOME: devNull,
  XDG_CONFIG_HOME: devNull,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: devNull,
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_LAZY_FETCH: '1',
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_GRAFT_FILE: devNull,
  GIT_PAGER: 'cat',
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
};

/** Runs Git in a folder with nothing but safe settings. Rejects with the reason of `signal` when that aborts. */
export async function runGit(
  folder: string,
  args: readonly string[],
  { signal, maxBytes = MAX_OUTPUT, answers = [0] }: GitOptions,
  environment: Record<string, string>,
): Promise<GitOutput> {
  signal.throwIfAborted();
  const safe = [
    '-c',
    `safe.directory=${await realpath(folder)}`,
    ...SAFE_CONFIG,
    '--no-pager',
    '--no-optional-locks',
  ];
  return new Promise<GitOutput>((resolve, reject) => {
    const child = spawn('git', [...safe, ...args], {
      cwd: folder,
      env: { ...SAFE_ENVIRONMENT, ...environment, PATH: searchPath() },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: a clone runs as several processes, which all have to end with it.
      detached: true,
    });
    const chunks: Buffer[] = [];
    const errors: Buffer[] = [];
    let size = 0;
    let errorSize = 0;
    let truncated = false;
    const kill = () => killGroup(child.pid);
    signal.addEventListener('abort', kill, { once: true });
    child.stdout.on('data', (chunk: Buffer) => {
      if (truncated) return;
      chunks.push(chunk.subarray(0, maxBytes - size));
      size += chunk.length;
      truncated = size > maxBytes;
      if (truncated) kill();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (errorSize < MAX_ERROR_OUTPUT) errors.push(chunk);
      errorSize += chunk.length;
    });
    child.on('error', (cause) => reject(WorkspaceErrors.git_unavailable(undefined, { cause })));
    child.on('close', (code) => {
      signal.removeEventListener('abort', kill);
      if (signal.aborted) return reject(signal.reason as Error);
      if (!truncated && !answers.includes(code ?? -1)) {
        const cause = new Error(
          `git ${args[0]} ended with ${code}: ${Buffer.concat(errors).toString('utf8')}`,
        );
        return reject(WorkspaceErrors.git_failed(undefined, { cause }));
      }
      resolve({ code: code ?? 0, text: Buffer.concat(chunks).toString('utf8'), truncated });
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
