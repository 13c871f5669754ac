import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { type CrashPoint } from './crash-points.js';
import { CrashRig } from './crash-rig.js';
import { until, within } from './server-process.js';

/** Long enough that the worker that takes over keeps its own through a pause of a busy machine. */
const LEASE_SECONDS = 10;

/** Where a worker is stopped, and what its user says when the next one asks whether to make a call again. */
export interface ZombiePoint extends CrashPoint {
  readonly doubtful?: 'approve' | 'reject';
}

/** A worker process that is stopped for longer than its lease, another that finishes its run, and its awakening. */
export class ZombieRig extends CrashRig {
  constructor() {
    super('SIGSTOP', { LEASE_SECONDS: String(LEASE_SECONDS) });
  }

  /** Stops the server at the point, lets another finish the run, wakes the first, and checks that it does nothing. [R26] */
  async haunt(point: ZombiePoint): Promise<void> {
    const { about, conversationId, post } = await this.prepare(point);
    this.arm(point);
    // It may be stopped before it answers.
    const unanswered = post().catch(() => undefined);
    const zombie = this.server;
    await until('the server stands still', () => stateOf(zombie.child.pid) === 'T', 30_000);
    this.disarm();

    await this.boot();
    const run = await post();
    expect(run.status).toBe(202);
    const id = run.body.id as string;
    const asked = await this.finish(id, Date.now(), point.doubtful);
    expect(asked).toEqual(point.doubtful === undefined ? [] : ['confirm_retry']);
    await this.check(id, conversationId, { ...about, asked });
    const left = await this.everythingOf(id, conversationId);
    expect(stateOf(zombie.child.pid)).toBe('T');

    zombie.child.kill('SIGCONT');
    await until('the server runs again', () => stateOf(zombie.child.pid) !== 'T');
    await within('the POST to the server that was stopped ends', unanswered, 20_000);
    const alive = await fetch(`${zombie.url}/health/live`, { signal: AbortSignal.timeout(10_000) });
    expect(alive.status).toBe(200);
    // Longer than it takes to go on with whatever it was at, and than its next renewal.
    await delay(LEASE_SECONDS * 400);
    expect(await this.everythingOf(id, conversationId)).toEqual(left);
    expect(this.tools.done(about.word)).toEqual([about.tool]);
    expect(stateOf(zombie.child.pid)).not.toBe('T');
    expect(await within('the server stops', zombie.stop(), 40_000)).toBe(0);
  }

  private async everythingOf(id: string, conversationId: string | null): Promise<Record<string, unknown>> {
    const all: Record<string, unknown> = {};
    for (const [table, column] of TABLES) {
      const value = column === 'conversation_id' ? conversationId : id;
      const { rows } = await this.pool.query(
        `select to_jsonb(t) as row from ${table} t where ${column} = $1 order by to_jsonb(t)::text`,
        [value],
      );
      all[table] = rows;
    }
    return all;
  }
}

const TABLES = [
  ['runs', 'id'],
  ['run_steps', 'run_id'],
  ['run_events', 'run_id'],
  ['approvals', 'run_id'],
  ['tool_calls', 'run_id'],
  ['messages', 'conversation_id'],
] as const;

/** The state of a process as the kernel names it: `T` is stopped. */
function stateOf(pid: number | undefined): string | undefined {
  return /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
}
