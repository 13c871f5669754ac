import { spawnSync, type SpawnOptions } from 'node:child_process';
import { chownSync, existsSync, lchownSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** How a PostgreSQL program is started so that it does not run as root, which it refuses. */
export interface PostgresIdentity {
  /** The command and arguments that run `program args…`. */
  command(program: string, args: readonly string[]): [string, string[]];
  readonly options: Pick<SpawnOptions, 'uid' | 'gid'>;
  /** Owner for files that PostgreSQL has to read, or undefined when they may stay as they are. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

const AS_IS: PostgresIdentity = { command: (program, args) => [program, [...args]], options: {} };

/** Root in a user namespace of its own: no other user is needed, and a folder under a 0700 home works. */
const IN_NAMESPACE: PostgresIdentity = {
  command: (program, args) => ['unshare', ['-U', '--map-user=1000', '--map-group=1000', program, ...args]],
  options: {},
};

/**
 * Chooses the identity for a data folder: not root: as is; root: a user namespace, else the unprivileged user
 * `postgres` or `nobody`. A folder that belongs to an unprivileged user already stays with that user.
 */
export function postgresIdentity(dataFolder: string): PostgresIdentity {
  if (process.getuid?.() !== 0) return AS_IS;
  const owner = existsSync(dataFolder) ? statSync(dataFolder) : undefined;
  if (owner !== undefined && owner.uid !== 0) return asUser(owner.uid, owner.gid);
  if (namespacesWork()) return IN_NAMESPACE;
  const user = unprivilegedUser();
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  chownTree(dataFolder, user.uid, user.gid);
  return asUser(user.uid, user.gid);
}

function asUser(uid: number, gid: number): PostgresIdentity {
  return { command: (program, args) => [program, [...args]], options: { uid, gid }, owner: { uid, gid } };
}

function namespacesWork(): boolean {
  if (process.platform !== 'linux') return false;
  return spawnSync('unshare', ['-U', '--map-user=1000', '--map-group=1000', 'true']).status === 0;
}

function unprivilegedUser(): { uid: number; gid: number } {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(':');
    if (fields !== undefined) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  return { uid: 65534, gid: 65534 };
}

function chownTree(folder: string, uid: number, gid: number): void {
  chownSync(folder, uid, gid);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    lchownSync(path.join(entry.parentPath, entry.name), uid, gid);
  }
}
