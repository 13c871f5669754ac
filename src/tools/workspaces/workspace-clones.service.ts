import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { bulkhead } from 'cockatiel';
import { AppError } from '../../common/app-error.js';
import { untilAborted } from '../../common/until-aborted.js';
import { dataDir, ENV, type Env } from '../../config/env.js';
import { Egress } from '../../platform/egress/egress.js';
import { AuthorisedFetch } from '../secrets/authorised-fetch.js';
import { WorkspaceErrors } from '../builtin/workspace/workspace.errors.js';
import { cloneRepository } from './git-clone.js';
import { type WorkspaceRow } from './workspace.entity.js';
import { WorkspacesRepository } from './workspaces.repository.js';

const CLONE_TIMEOUT_MS = 10 * 60_000;
const CLONES_AT_ONCE = 2;
const CLONES_WAITING = 20;
/** After a failure the next try waits so long: a tool that is called in a loop must not fetch in one. */
const RETRY_AFTER_MS = 30_000;
/** A folder that was begun and left, e.g. by a crash. */
const ABANDONED_MS = 60 * 60_000;

/** The clones of this machine, `DATA_DIR/workspaces/<name>/<generation>`, made when they are first needed. */
@Injectable()
export class WorkspaceClones implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger('Workspaces');
  private readonly base: string;
  private readonly maxBytes: number;
  private readonly running = new Map<string, Promise<void>>();
  private readonly failures = new Map<string, { readonly until: number; readonly error: AppError }>();
  private readonly slots = bulkhead(CLONES_AT_ONCE, CLONES_WAITING);
  private readonly stopping = new AbortController();

  constructor(
    @Inject(ENV) env: Env,
    private readonly rows: WorkspacesRepository,
    private readonly egress: Egress,
    private readonly authorised: AuthorisedFetch,
  ) {
    this.base = path.join(dataDir(env), 'workspaces');
    this.maxBytes = env.WORKSPACE_MAX_MB * 2 ** 20;
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.sweep().catch((error: unknown) =>
      this.log.warn({ err: error }, 'Old clones were not deleted'),
    );
  }

  /** Throws `egress_denied` for a URL that can never be fetched. */
  check(url: string): URL {
    return this.egress.check(url);
  }

  names(): Promise<string[]> {
    return this.rows.names();
  }

  /**
   * The folder of a workspace on this machine, fetched first when it is missing; while a newer state is fetched, the
   * one before. Undefined when there is no such workspace. Throws why it could not be fetched.
   */
  async folder(name: string, signal?: AbortSignal): Promise<string | undefined> {
    const row = await this.rows.find(name);
    if (row === null) return undefined;
    const here = await this.generations(name);
    if (here.includes(row.generation)) return this.folderOf(name, row.generation);
    const fetching = this.fetch(row);
    const [newest] = here;
    if (newest !== undefined) {
      fetching.catch(() => undefined);
      return this.folderOf(name, newest);
    }
    await (signal === undefined ? fetching : untilAborted(fetching, signal));
    return this.folderOf(name, row.generation);
  }

  /** Fetches in the background what was added or updated; its row says how that ends. */
  start(name: string): void {
    void this.rows
      .find(name)
      .then((row) => (row === null ? undefined : this.fetch(row)))
      .catch((error: unknown) =>
        this.log.warn({ err: error, workspace: name }, 'A workspace was not fetched'),
      );
  }

  /** Deletes this machine's clones of a workspace that is gone; without a name, of all that are. */
  async sweep(name?: string): Promise<void> {
    const known = new Set(await this.rows.names());
    const folders = name === undefined ? await readdir(this.base).catch(() => []) : [name];
    for (const folder of folders) {
      if (known.has(folder)) continue;
      const location = path.join(this.base, folder);
      if (folder.startsWith('.') && Date.now() - (await stat(location)).mtimeMs < ABANDONED_MS) continue;
      await rm(location, { recursive: true, force: true });
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort(new Error('The server is shutting down'));
    await Promise.allSettled(this.running.values());
  }

  /** Whoever asks while a fetch runs shares it. */
  private fetch(row: WorkspaceRow): Promise<void> {
    const key = `${row.name}/${row.generation}`;
    const failure = this.failures.get(row.name);
    if (failure !== undefined && failure.until > Date.now() && row.state === 'failed')
      return Promise.reject(failure.error);
    let running = this.running.get(key);
    if (running === undefined) {
      running = this.slots.execute(() => this.clone(row)).finally(() => this.running.delete(key));
      this.running.set(key, running);
    }
    return running;
  }

  private async clone({ name, url, ref, depth, auth, generation }: WorkspaceRow): Promise<void> {
    const into = path.join(this.base, `.new-${randomUUID()}`);
    const signal = AbortSignal.any([this.stopping.signal, AbortSignal.timeout(CLONE_TIMEOUT_MS)]);
    const fetch = this.authorised.with(auth ?? undefined, { maxBytes: this.maxBytes, timeoutMs: null });
    const startedAt = Date.now();
    try {
      const options = { url, ref, depth, into, maxBytes: this.maxBytes, fetch, signal };
      const clone = await cloneRepository(options);
      await this.place(into, name, generation);
      await this.rows.ready(name, generation, clone);
      this.failures.delete(name);
      this.log.log(
        { workspace: name, ms: Date.now() - startedAt, bytes: clone.bytes },
        'Fetched a workspace',
      );
    } catch (error) {
      await rm(into, { recursive: true, force: true });
      // Not a failure of the repository: another instance, or the next start, tries again.
      if (this.stopping.signal.aborted) throw error;
      const shown = signal.aborted
        ? WorkspaceErrors.workspace_fetch_failed('The repository was not fetched within 10 minutes.')
        : error instanceof AppError
          ? error
          : WorkspaceErrors.workspace_fetch_failed(undefined, { cause: error });
      this.failures.set(name, { until: Date.now() + RETRY_AFTER_MS, error: shown });
      await this.rows.failed(name, generation, shown.message);
      throw shown;
    }
  }

  /** Puts a finished clone where it is looked for, and removes older ones. */
  private async place(from: string, name: string, generation: number): Promise<void> {
    const to = this.folderOf(name, generation);
    await mkdir(path.dirname(to), { recursive: true, mode: 0o700 });
    // Another process on this DATA_DIR may have been faster.
    await rename(from, to).catch(async () => rm(from, { recursive: true, force: true }));
    for (const older of await this.generations(name))
      if (older < generation) await rm(this.folderOf(name, older), { recursive: true, force: true });
  }

  /** Generations that are here, newest first. */
  private async generations(name: string): Promise<number[]> {
    const folders = await readdir(path.join(this.base, name)).catch(() => []);
    return folders
      .map(Number)
      .filter(Number.isInteger)
      .sort((a, b) => b - a);
  }

  private folderOf(name: string, generation: number): string {
    return path.join(this.base, name, String(generation));
  }
}
