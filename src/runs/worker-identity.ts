import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { newId } from '../common/ids.js';
import { startTime } from '../platform/database/embedded/owners.js';

/** Names this process in the leases that it holds: machine, pid, start time, and an id of its own. */
export function leaseOwner(): string {
  return [machine(), process.pid, startTime(process.pid) ?? '', newId()].join('|');
}

/**
 * Is the process behind this name known to be dead? Only said of processes of this machine and pid namespace; of any
 * other nothing is known, and its lease has to end by itself.
 */
export function isKnownDead(owner: string): boolean {
  const [where, pid, started] = owner.split('|');
  if (where !== machine() || started === '' || !/^\d+$/.test(pid ?? '')) return false;
  return startTime(Number(pid)) !== started;
}

let known: string | undefined;

/** One boot of one kernel and one pid namespace: containers may share a host name, but not this. */
function machine(): string {
  known ??= onLinux() ?? hostname();
  return known;
}

function onLinux(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}
