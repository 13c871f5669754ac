import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { dataDir, ENV, type Env } from '../../../config/env.js';
import { WorkspaceClones } from '../../workspaces/workspace-clones.service.js';
import { isExcluded } from './excluded.js';
import { WorkspaceErrors } from './workspace.errors.js';

/** A folder that file and Git tools may read. */
export interface Workspace {
  readonly name: string;
  /** Real, absolute path. */
  readonly root: string;
  /** DATA_DIR relative to the root, when it lies inside. */
  readonly hidden: readonly string[];
}

/** A path that may be read: inside its workspace by name and by where its links lead. */
export interface Place {
  readonly workspace: Workspace;
  /** Absolute; the folders on the way are real. */
  readonly location: string;
  /** As shown to callers: relative to the workspace, with `/`, '.' for the workspace itself. */
  readonly relative: string;
  readonly exists: boolean;
}

/** Where a tool is asked to look. */
export interface Wanted {
  readonly workspace?: string;
  /** Folder that `path` is relative to, itself relative to the workspace. */
  readonly repository?: string;
  readonly path?: string;
}

/**
 * The folders of WORKSPACE_DIRS and the clones of remote repositories, and the one check that every path of a caller
 * passes. [S91]
 */
@Injectable()
export class Workspaces {
  private found?: Promise<readonly Workspace[]>;

  constructor(
    @Inject(ENV) private readonly env: Env,
    private readonly clones: WorkspaceClones,
  ) {}

  /** The path that a tool is asked for. Throws as `get` and `locate`. */
  async place(
    { workspace: name, repository = '.', path: given }: Wanted,
    signal: AbortSignal,
  ): Promise<Place> {
    const workspace = await this.get(name, signal);
    const base = await this.locate(workspace, repository);
    return given === undefined ? base : this.locate(workspace, given, base.relative);
  }

  /** Is this the name of a folder of WORKSPACE_DIRS? */
  async isFolder(name: string): Promise<boolean> {
    return (await this.folders()).some((folder) => folder.name === name);
  }

  /**
   * The workspace of a name, the first one without; a clone is fetched when it is not here yet. Throws
   * `unknown_workspace` that lists the names, and why a clone cannot be fetched.
   */
  private async get(name: string | undefined, signal: AbortSignal): Promise<Workspace> {
    const folders = await this.folders();
    const folder = name === undefined ? folders[0] : folders.find((candidate) => candidate.name === name);
    if (folder !== undefined) return folder;
    const remote = name ?? (await this.clones.names())[0];
    const clone = remote === undefined ? undefined : await this.clones.folder(remote, signal);
    if (remote !== undefined && clone !== undefined)
      return { name: remote, root: await realpath(clone), hidden: [] };
    const names = [...folders.map((candidate) => candidate.name), ...(await this.clones.names())].join(', ');
    throw WorkspaceErrors.unknown_workspace(
      names === ''
        ? 'There is no workspace: no folder of WORKSPACE_DIRS can be read, and no repository was added.'
        : `There is no workspace "${name}"; there is ${names}.`,
    );
  }

  private folders(): Promise<readonly Workspace[]> {
    this.found ??= this.find();
    return this.found;
  }

  /**
   * Finds a path of a caller, relative to `base` (itself relative to the workspace). Throws `path_not_allowed` when it
   * leaves the workspace, by `..`, as an absolute path or through a link, or when it is excluded.
   */
  async locate(workspace: Workspace, given: string, base = '.'): Promise<Place> {
    if (given.includes('\0') || path.isAbsolute(given) || /^[A-Za-z]:/.test(given)) throw denied(given);
    const wanted = path.resolve(workspace.root, base, given);
    if (!isInside(workspace.root, wanted)) throw denied(given);
    const { real, exists } = await realLocation(wanted);
    const target = exists ? await realpath(real) : real;
    for (const location of [wanted, real, target]) {
      const relative = path.relative(workspace.root, location);
      if (!isInside(workspace.root, location) || isExcluded(relative)) throw denied(given);
      if (workspace.hidden.some((hidden) => isInside(hidden, relative))) throw denied(given);
    }
    const relative = path.relative(workspace.root, real).split(path.sep).join('/');
    return { workspace, location: real, relative: relative === '' ? '.' : relative, exists };
  }

  private async find(): Promise<Workspace[]> {
    const folders = this.env.WORKSPACE_DIRS.length > 0 ? this.env.WORKSPACE_DIRS : [process.cwd()];
    const data = await realpath(dataDir(this.env)).catch(() => dataDir(this.env));
    const workspaces: Workspace[] = [];
    for (const folder of folders) {
      const root = await realpath(folder).catch(() => undefined);
      if (root === undefined || root === data || isInside(data, root)) continue;
      const base = path.basename(root) || 'root';
      const taken = workspaces.filter(({ name }) => name.replace(/-\d+$/, '') === base).length;
      workspaces.push({
        name: taken === 0 ? base : `${base}-${taken + 1}`,
        root,
        hidden: isInside(root, data) ? [path.relative(root, data)] : [],
      });
    }
    return workspaces;
  }
}

/** Is `location` the folder itself or below it? The separator matters: /work is not the parent of /work-other. */
export function isInside(folder: string, location: string): boolean {
  const prefix = folder.endsWith(path.sep) ? folder : folder + path.sep;
  return location === folder || location.startsWith(prefix);
}

/** The location with real folders on the way. The last part may be a link or not exist: history knows deleted files. */
async function realLocation(wanted: string): Promise<{ real: string; exists: boolean }> {
  const missing: string[] = [];
  for (let at = wanted; ; at = path.dirname(at)) {
    const there = await lstat(at).catch(() => undefined);
    if (there !== undefined || at === path.dirname(at)) {
      const isWanted = missing.length === 0;
      const folder = await realpath(isWanted ? path.dirname(at) : at).catch(() => undefined);
      if (folder === undefined) throw denied(path.basename(wanted));
      const real = isWanted ? path.join(folder, path.basename(at)) : path.join(folder, ...missing);
      // A link that leads nowhere is refused: where it would lead is not known.
      if (isWanted && there?.isSymbolicLink() && (await realpath(at).catch(() => undefined)) === undefined)
        throw denied(path.basename(wanted));
      return { real, exists: isWanted && there !== undefined };
    }
    missing.unshift(path.basename(at));
  }
}

function denied(given: string) {
  return WorkspaceErrors.path_not_allowed(
    `The path "${given.slice(0, 200)}" is outside the workspace or excluded (.env files, keys, .git, node_modules, the data folder).`,
  );
}
