import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Which processes use the embedded database of one DATA_DIR: a file a process, named by its pid and holding its
 * start time, so that a reused pid is not taken for its predecessor. The last one to leave stops the database.
 */
export class Owners {
  private readonly folder: string;

  constructor(dataDir: string) {
    this.folder = path.join(dataDir, 'owners');
  }

  join(): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    writeFileSync(path.join(this.folder, String(process.pid)), startTime(process.pid) ?? '');
  }

  /** Takes this process out. Returns whether any other living process is left. */
  leave(): boolean {
    rmSync(path.join(this.folder, String(process.pid)), { force: true });
    let others = false;
    for (const name of readdirSync(this.folder)) {
      const file = path.join(this.folder, name);
      const alive = startTime(Number(name));
      if (alive !== undefined && alive === readFileSync(file, 'utf8')) others = true;
      else rmSync(file, { force: true });
    }
    return others;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, but belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process started, as text to compare; undefined when it does not run; '' where the system does not tell. */
export function startTime(pid: number): string | undefined {
  if (!isAlive(pid)) return undefined;
  if (process.platform !== 'linux') return '';
  try {
    // Field 22 of proc(5) stat, counted after the command name, which may hold spaces.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
