import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const VARIABLE = 'MCP_SERVER_PARENT';

/** Goes into a child's environment, so that the next start can tell whose child it was: `<pid>.<start of that pid>`. */
export function childMarker(): Record<string, string> {
  return { [VARIABLE]: `${process.pid}.${startedAt(process.pid) ?? '0'}` };
}

/**
 * Kills the groups of children whose server died without stopping them (kill -9, out of memory). Only where /proc
 * tells who they are, and only in this process's own pid namespace. Returns how many processes it ended.
 */
export function sweepOrphans(): number {
  let ended = 0;
  for (const pid of processes()) {
    const parent = parentOf(pid);
    if (parent === undefined || isAlive(parent)) continue;
    try {
      process.kill(pid, 'SIGKILL');
      ended += 1;
    } catch {
      // It ended by itself in between.
    }
  }
  return ended;
}

function processes(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => pid !== process.pid);
  } catch {
    return [];
  }
}

/** The server that started a process, if it was one of our children. */
function parentOf(pid: number): string | undefined {
  try {
    if (readlinkSync(`/proc/${pid}/ns/pid`) !== readlinkSync('/proc/self/ns/pid')) return undefined;
    const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    const marker = variables.find((entry) => entry.startsWith(`${VARIABLE}=`))?.slice(VARIABLE.length + 1);
    return marker !== undefined && /^\d+\.\d+$/.test(marker) ? marker : undefined;
  } catch {
    return undefined; // another user's, or gone
  }
}

function isAlive(marker: string): boolean {
  const [pid = '', started = ''] = marker.split('.');
  return startedAt(Number(pid)) === started;
}

/** Field 22 of /proc/<pid>/stat: a pid that was given again has another one. */
function startedAt(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
