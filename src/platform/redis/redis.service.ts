import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { createClient } from '@redis/client';
import { ENV, type Env } from '../../config/env.js';

export type RedisClient = ReturnType<typeof createClient>;

/** What /health says of Redis. */
export type RedisState = 'connected' | 'disconnected' | 'in-memory';

/** A command that Redis did not answer. Callers fall back; it never reaches a client. */
export class RedisUnavailable extends Error {
  override readonly name = 'RedisUnavailable';
}

/** node-redis 4 has no command timeout: without ours a frozen server would hang every request. */
const COMMAND_TIMEOUT_MS = 250;
/** After a timeout the next commands fail at once for this long, so that a frozen Redis costs one wait, not many. */
const PAUSE_MS = 1000;

/**
 * The connection to REDIS_URL, hardened: it never blocks the start, never ends the process, and no command waits
 * longer than 250 ms. What Redis holds may vanish at any moment; only speed is lost. [R10] [R11] [R12]
 */
@Injectable()
export class RedisService implements OnApplicationShutdown {
  /** Undefined when REDIS_URL is not set. */
  readonly client?: RedisClient;
  private readonly log = new Logger('Redis');
  private pausedUntil = 0;
  private lastError = '';

  constructor(@Inject(ENV) env: Env) {
    if (env.REDIS_URL === undefined) return;
    this.client = createClient({
      url: env.REDIS_URL,
      disableOfflineQueue: true,
      pingInterval: 10_000,
      socket: { connectTimeout: 2000, reconnectStrategy: (attempt) => Math.min(100 * 2 ** attempt, 2000) },
    });
    this.client.on('error', (error: Error) => this.warnOnce(error.message));
    this.client.on('ready', () => this.recovered());
    this.client.connect().catch((error: Error) => this.warnOnce(error.message));
  }

  get state(): RedisState {
    if (this.client === undefined) return 'in-memory';
    return this.isUsable() ? 'connected' : 'disconnected';
  }

  /** Runs a command within its time. Rejects with RedisUnavailable, at once while Redis is known to be away. */
  async run<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    if (this.client === undefined || !this.isUsable()) throw new RedisUnavailable('Redis is not connected');
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.pausedUntil = Date.now() + PAUSE_MS;
        reject(new RedisUnavailable(`Redis did not answer within ${COMMAND_TIMEOUT_MS} ms`));
      }, COMMAND_TIMEOUT_MS);
    });
    try {
      return await Promise.race([command(this.client), timeout]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Asks Redis whether it is there; for /health, which must not trust an idle connection. */
  async check(): Promise<RedisState> {
    if (this.client === undefined) return 'in-memory';
    try {
      await this.run((client) => client.ping());
      return 'connected';
    } catch {
      return 'disconnected';
    }
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.client?.isOpen === true) await this.client.disconnect();
  }

  private isUsable(): boolean {
    return this.client?.isReady === true && Date.now() >= this.pausedUntil;
  }

  private warnOnce(message: string): void {
    if (message !== this.lastError) this.log.warn(`Redis is away, going on without it: ${message}`);
    this.lastError = message;
  }

  private recovered(): void {
    if (this.lastError !== '') this.log.log('Redis is back');
    this.lastError = '';
    this.pausedUntil = 0;
  }
}
