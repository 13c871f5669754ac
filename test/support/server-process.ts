import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const PROJECT = path.resolve(import.meta.dirname, '../..');

/** A server as people and supervisors start it: a process of its own. */
export interface ServerProcess {
  readonly child: ChildProcess;
  /** From the ready line. */
  readonly url: string;
  readonly startedInMs: number;
  output(): string;
  /** Sends a signal and resolves with the exit code (null: killed by it) when the process has ended. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

const READY = /mcp-server ready on (http:\/\/[\w.:[\]]+)/;
const cleanups: (() => void)[] = [];

/** Builds dist/ when it is stale: `npm test` did so already, Jest alone has not. */
export function buildOnce(): void {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/prepare.mjs'], {
    cwd: PROJECT,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
}

/** A folder of this test file, removed by `cleanUp`. */
export function makeFolder(name = 'data'): string {
  const folder = mkdtempSync(path.join(tmpdir(), `mcp-server-${name}-`));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Kills what a failed test left running, then removes the folders. */
export function cleanUp(): void {
  for (const work of cleanups.splice(0).reverse()) work();
}

/** The environment of a child: of this process only what programs need, no setting of the person who runs the tests. */
export function environment(variables: Record<string, string>): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
    PORT: '0',
    METRICS_PORT: '0',
    ...variables,
  };
}

export interface StartOptions {
  readonly cwd?: string;
  readonly command?: readonly [string, ...string[]];
  /** A process group of its own, as a terminal gives. */
  readonly group?: boolean;
  /** Is told of the process at once, long before it is ready. */
  readonly onLaunch?: (child: ChildProcess) => void;
}

const SERVER: readonly [string, ...string[]] = [process.execPath, 'dist/src/main.js'];

/** Starts a server and resolves when it is ready. Rejects with its output when it ends or takes over a minute. */
export async function startServer(
  variables: Record<string, string>,
  options: StartOptions = {},
): Promise<ServerProcess> {
  const started = Date.now();
  const { child, output, ended } = launch(variables, options);
  options.onLaunch?.(child);
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Not ready in a minute:\n${output()}`)), 60_000);
    const look = () => {
      const found = READY.exec(output())?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on('data', look);
    void ended.then(({ code }) => reject(new Error(`It ended with ${code}:\n${output()}`)));
    child.once('exit', () => clearTimeout(timer));
    child.stdout?.once('close', () => clearTimeout(timer));
  });
  return {
    child,
    url,
    startedInMs: Date.now() - started,
    output,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      return (await ended).code;
    },
  };
}

/** Runs a server, or another command, that is expected to end by itself. */
export async function runToEnd(
  variables: Record<string, string>,
  options: StartOptions = {},
): Promise<Ended> {
  return launch(variables, options).ended;
}

function launch(variables: Record<string, string>, options: StartOptions) {
  const [command, ...args] = options.command ?? SERVER;
  const child = spawn(command, args, {
    cwd: options.cwd ?? PROJECT,
    env: environment(variables),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: options.group === true,
  });
  cleanups.push(() => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    if (variables.DATA_DIR !== undefined) killAll(variables.DATA_DIR);
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output: text }));
  });
  return { child, ended, output: () => text };
}

/** Processes whose command line or environment names a folder: the server's PostgreSQL and whatever else it left. */
export function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => names(`/proc/${name}/cmdline`, folder) || names(`/proc/${name}/environ`, folder))
    .filter((name) => !isZombie(name))
    .map(Number);
}

/** Resolves when `check` holds; throws what it was waiting for after `ms`. */
export async function until(
  what: string,
  check: () => boolean | Promise<boolean>,
  ms = 10_000,
): Promise<void> {
  for (const deadline = Date.now() + ms; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    if (await check()) return;
    if (Date.now() > deadline) throw new Error(`Not within ${ms / 1000} s: ${what}`);
  }
}

/** Resolves when no process of a folder is left; throws after `ms`. */
export function untilEmpty(folder: string, ms = 10_000): Promise<void> {
  return until('no process left', () => processesOf(folder).length === 0, ms);
}

/** What `work` gives; throws what it was waiting for after `ms`. */
export async function within<T>(what: string, work: Promise<T>, ms = 10_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Not within ${ms / 1000} s: ${what}`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function names(file: string, folder: string): boolean {
  try {
    return readFileSync(file, 'utf8').includes(folder);
  } catch {
    return false;
  }
}

function isZombie(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return true;
  }
}

/** Ends what works in a folder and waits until it is gone: it might still write there while the folder is removed. */
function killAll(folder: string): void {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (let tries = 0; tries < 200; tries += 1) {
    const left = processesOf(folder);
    if (left.length === 0) return;
    left.forEach(kill);
    Atomics.wait(clock, 0, 0, 50);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in between.
  }
}
