import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type CliEnv } from '../config/cli-env.js';

/** A login as it is kept in the person's configuration folder. */
export interface StoredLogin {
  readonly email: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

const READ_ONLY = new Set(['EROFS', 'EACCES', 'EPERM', 'ENOENT']);

/** Logins of this person, by server URL, in one file that only they can read. */
export class CredentialStore {
  private readonly file: string;

  constructor(private readonly configDir: string) {
    this.file = path.join(configDir, 'credentials.json');
  }

  get(url: string): StoredLogin | undefined {
    return this.read()[url];
  }

  /** Keeps a login, or forgets it when `login` is undefined. */
  set(url: string, login: StoredLogin | undefined): void {
    const { [url]: _, ...others } = this.read();
    mkdirSync(this.configDir, { recursive: true, mode: 0o700 });
    const draft = `${this.file}.${process.pid}`;
    const text = JSON.stringify({ ...others, ...(login && { [url]: login }) }, null, 2);
    writeFileSync(draft, text, { mode: 0o600 });
    chmodSync(draft, 0o600);
    renameSync(draft, this.file);
  }

  /** Keeps a login that can be had again at any time: a read-only home is no reason to stop. */
  tryToKeep(url: string, login: StoredLogin): void {
    try {
      this.set(url, login);
    } catch (error) {
      if (!READ_ONLY.has(String((error as NodeJS.ErrnoException).code))) throw error;
    }
  }

  private read(): Record<string, StoredLogin> {
    try {
      return JSON.parse(readFileSync(this.file, 'utf8')) as Record<string, StoredLogin>;
    } catch {
      return {};
    }
  }
}

/**
 * The admin key that a server on the embedded default leaves in its DATA_DIR. It is offered to loopback addresses
 * only: another machine must never see it.
 */
export function adminKey({ dataDir }: CliEnv, url: string): string | undefined {
  if (!isThisMachine(url)) return undefined;
  try {
    return readFileSync(path.join(dataDir, 'admin.key'), 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Only then may it get what belongs to the server of this machine or container. */
export function isThisMachine(url: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(new URL(url).hostname);
}
