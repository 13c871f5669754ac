import { randomBytes } from 'node:crypto';
import { spawn, spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { findPostgres, type PostgresBinaries } from './binaries.js';
import { postgresIdentity } from './identity.js';
import { withMachineLock } from './machine-lock.js';
import { isAlive, Owners } from './owners.js';

const READY_TIMEOUT_MS = 60_000;
const WATCH_INTERVAL_MS = 300;
const LOG_LIMIT_BYTES = 10 << 20;

export interface EmbeddedPostgresOptions {
  /** Told when the server had died and was started again. */
  readonly onRestart?: () => void;
  /** Told when a restart failed; the next one is tried right after. */
  readonly onError?: (error: Error) => void;
}

/**
 * A real PostgreSQL in a folder, for people who have none: started from npm's binaries on 127.0.0.1 with a random
 * password, shared by every process on the same folder, watched, and stopped by the last process that leaves.
 */
export class EmbeddedPostgres {
  private watch?: NodeJS.Timeout;
  private repairing?: Promise<void>;

  private constructor(
    private readonly dataDir: string,
    private readonly binaries: PostgresBinaries,
    private readonly options: EmbeddedPostgresOptions,
  ) {}

  /**
   * Starts the database of `dataDir`, or joins the one that runs there already, be it of another process or left
   * by a crashed one. Throws when the folder cannot be written or the server does not get ready.
   */
  static async start(dataDir: string, options: EmbeddedPostgresOptions = {}): Promise<EmbeddedPostgres> {
    const folder = path.resolve(dataDir);
    makeDataDir(folder);
    const embedded = new EmbeddedPostgres(folder, await findPostgres(), options);
    await withMachineLock(folder, async () => {
      new Owners(folder).join();
      await embedded.ensureRunning();
    });
    embedded.watch = setInterval(() => embedded.repairIfDead(), WATCH_INTERVAL_MS);
    embedded.watch.unref();
    return embedded;
  }

  /** Connection URL. The port is kept over restarts, so it stays valid. */
  get url(): string {
    const password = readFileSync(this.file('pg.password'), 'utf8').trim();
    return `postgres://mcp_admin:${password}@127.0.0.1:${this.port()}/postgres`;
  }

  /** Leaves the database; stops it when no other process uses it. */
  async leave(): Promise<void> {
    clearInterval(this.watch);
    await this.repairing;
    await withMachineLock(this.dataDir, async () => {
      if (new Owners(this.dataDir).leave()) return;
      await this.stopServer();
    });
  }

  private file(name: string): string {
    return path.join(this.dataDir, name);
  }

  private port(): number {
    return Number(readFileSync(this.file('pg.port'), 'utf8'));
  }

  private repairIfDead(): void {
    if (this.repairing !== undefined || this.runningPid() !== undefined) return;
    this.repairing = withMachineLock(this.dataDir, () => this.ensureRunning())
      .then(() => this.options.onRestart?.())
      .catch((error: unknown) => this.options.onError?.(error as Error))
      .finally(() => {
        this.repairing = undefined;
      });
  }

  private async ensureRunning(): Promise<void> {
    if (this.runningPid() === undefined) {
      const fresh = !existsSync(this.file('pg/PG_VERSION'));
      if (fresh) this.initialise();
      await this.choosePort();
      this.launch();
    }
    await this.untilReady();
  }

  /** A cluster without PG_VERSION is what a crash in the middle of initdb left: it is made anew. */
  private initialise(): void {
    const data = this.file('pg');
    rmSync(data, { recursive: true, force: true });
    const identity = postgresIdentity(data);
    const passwordFile = this.file('pg.password');
    writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
    this.give(passwordFile, identity.owner);
    const [command, args] = identity.command(this.binaries.initdb, [
      ...['-D', data, '-U', 'mcp_admin', '--auth=scram-sha-256', `--pwfile=${passwordFile}`],
      ...['-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'],
    ]);
    const result = spawnSync(command, args, { ...identity.options, encoding: 'utf8', env: postgresEnv() });
    if (result.status !== 0) {
      rmSync(data, { recursive: true, force: true });
      throw new Error(`initdb failed: ${result.error?.message ?? result.stderr.trim()}`);
    }
  }

  private async choosePort(): Promise<void> {
    const file = this.file('pg.port');
    const used = existsSync(file) ? this.port() : 0;
    // A restart under running owners must keep the port; only a first start may pick another one.
    if (used > 0 && (this.watch !== undefined || (await isFree(used)))) return;
    writeFileSync(file, String(await freePort()), { mode: 0o600 });
  }

  private launch(): void {
    const data = this.file('pg');
    const identity = postgresIdentity(data);
    const logFile = this.file('pg.log');
    const log = openSync(
      logFile,
      (statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > LOG_LIMIT_BYTES ? 'w' : 'a',
      0o600,
    );
    const settings = [
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      'shared_buffers=64MB',
      'max_connections=100',
      'timezone=UTC',
    ].flatMap((setting) => ['-c', setting]);
    const [command, args] = identity.command(this.binaries.postgres, [
      '-D',
      data,
      '-p',
      String(this.port()),
      ...settings,
    ]);
    // A session of its own: Ctrl-C must reach the server process first, which then stops the database in order.
    const child = spawn(command, args, {
      ...identity.options,
      detached: true,
      stdio: ['ignore', log, log],
      env: postgresEnv(),
    });
    child.on('error', () => undefined); // untilReady reports it
    child.unref();
    closeSync(log);
  }

  private async untilReady(): Promise<void> {
    const deadline = Date.now() + READY_TIMEOUT_MS;
    let missing = 0;
    for (;;) {
      const lines = this.pidFile();
      if (lines[7]?.trim() === 'ready' && this.runningPid() !== undefined) return;
      // The pid file comes a moment after the start; long without one means that the start failed.
      missing = this.runningPid() === undefined ? missing + 1 : 0;
      if (missing > 120 || Date.now() > deadline) {
        throw new Error(
          `PostgreSQL did not get ready; the end of ${this.file('pg.log')}:\n${this.logTail()}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  private logTail(): string {
    const log = readFileSync(this.file('pg.log'), 'utf8');
    return log.trim().split('\n').slice(-5).join('\n');
  }

  /** Lines of postmaster.pid: pid, folder, start time, port, …, and `ready` in line 8 (storage/file layout). */
  private pidFile(): string[] {
    try {
      return readFileSync(this.file('pg/postmaster.pid'), 'utf8').split('\n');
    } catch {
      return [];
    }
  }

  private runningPid(): number | undefined {
    const pid = Number(this.pidFile()[0]);
    return Number.isInteger(pid) && pid > 0 && isAlive(pid) && isPostgres(pid) ? pid : undefined;
  }

  private async stopServer(): Promise<void> {
    for (const [signal, waitMs] of [
      ['SIGINT', 8000],
      ['SIGQUIT', 2000],
      ['SIGKILL', 1000],
    ] as const) {
      const pid = this.runningPid();
      if (pid === undefined) return;
      process.kill(pid, signal);
      for (let waited = 0; waited < waitMs && isAlive(pid); waited += 25) {
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    }
  }

  private give(file: string, owner: { uid: number; gid: number } | undefined): void {
    if (owner !== undefined) chownSync(file, owner.uid, owner.gid);
  }
}

function makeDataDir(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  accessSync(folder, constants.W_OK | constants.X_OK);
  // Root that drops to another user needs that user to pass through; keys inside are 0600 each.
  chmodSync(folder, process.getuid?.() === 0 ? 0o711 : 0o700);
}

/** On Linux a pid can be checked to be PostgreSQL's; elsewhere the pid file is believed. */
function isPostgres(pid: number): boolean {
  if (process.platform !== 'linux') return true;
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    // A killed server stays a zombie, with no command line, until its parent reaps it.
    return command.includes('postgres');
  } catch {
    return false;
  }
}

function postgresEnv(): NodeJS.ProcessEnv {
  return { PATH: '/usr/local/bin:/usr/bin:/bin', TZ: 'UTC', LC_ALL: 'C' };
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .once('error', reject)
      .listen(0, '127.0.0.1', () => {
        const { port } = server.address() as { port: number };
        server.close(() => resolve(port));
      });
  });
}
