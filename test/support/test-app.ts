import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import pg from 'pg';
import { createApp, stopApp } from '../../src/app.js';
import { readEnv } from '../../src/config/env.js';

export const ADMIN = { email: 'admin@example.com', password: 'correct horse battery staple' };

export interface TestApp {
  readonly app: NestFastifyApplication;
  /** Base URL of a real listener on a free port. */
  readonly url: string;
  readonly databaseUrl: string;
  /** A folder of this test's own, removed at the end. */
  readonly folder: string;
  /** Runs SQL on the test's own database. */
  sql<T = Record<string, unknown>>(text: string, values?: unknown[]): Promise<T[]>;
  /** Calls a route as JSON; `token` is sent as bearer. */
  call(method: string, path: string, options?: CallOptions): Promise<TestResponse>;
  /** Logs a user in and returns the access token. */
  login(credentials?: { email: string; password: string }): Promise<string>;
  stop(): Promise<void>;
}

export interface CallOptions {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export interface TestResponse {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests read any shape; a wrong one fails the assertion
  readonly body: any;
}

/** Makes an empty database on the test server and returns its URL. */
export async function makeDatabase(): Promise<string> {
  const server = process.env.TEST_DATABASE_SERVER;
  if (server === undefined) throw new Error('global-setup did not start PostgreSQL');
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  return server.replace(/\/postgres$/, `/${name}`);
}

const newKeys = () => `test:${randomBytes(32).toString('base64')}`;

/** What instances of one server have in common: the database, the keys, and the name in their tokens. */
export async function sharedEnvironment() {
  const DATABASE_URL = await makeDatabase();
  return { DATABASE_URL, ENCRYPTION_KEYS: newKeys(), PUBLIC_URL: 'http://127.0.0.1:8000' };
}

/** The environment of a test server: its own database, keys and folder, no metrics port, quiet. */
export function testEnvironment(databaseUrl: string, folder: string): Record<string, string> {
  return {
    NODE_ENV: 'test',
    PORT: '0',
    DATABASE_URL: databaseUrl,
    DATA_DIR: folder,
    ENCRYPTION_KEYS: newKeys(),
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    METRICS_PORT: '0',
    LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'silent',
    LOG_FORMAT: 'json',
    RATE_LIMIT_PER_MINUTE: '100000',
  };
}

/** Starts the whole application on a database of its own. `overrides` are environment variables. */
export async function startTestApp(overrides: Record<string, string> = {}): Promise<TestApp> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-app-'));
  const databaseUrl = overrides.DATABASE_URL ?? (await makeDatabase());
  const app = await createApp(readEnv({ ...testEnvironment(databaseUrl, folder), ...overrides }));
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 3 });
  pool.on('error', () => undefined);
  const call = caller(url);
  return {
    app,
    url,
    databaseUrl,
    folder,
    sql: async <T>(text: string, values: unknown[] = []) => (await pool.query(text, values)).rows as T[],
    call,
    login: async ({ email, password } = ADMIN) => {
      const answer = await call('POST', '/api/v1/auth/login', { body: { email, password } });
      if (answer.status !== 200) throw new Error(`login failed: ${JSON.stringify(answer.body)}`);
      return answer.body.accessToken as string;
    },
    stop: async () => {
      await pool.end();
      await stopApp(app);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A JSON client for any base URL. */
export function caller(url: string): TestApp['call'] {
  return async (method, route, { token, body, headers = {} } = {}) => {
    const response = await fetch(url + route, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== '' ? JSON.parse(text) : text,
    };
  };
}

/**
 * Calls a server process that has just started, and comes back when it is asked to (503): a database that starts on a
 * busy machine may take over its 3 s.
 */
export function patientCaller(url: string): TestApp['call'] {
  const call = caller(url);
  return async (...request) => {
    for (let patience = 10; ; patience -= 1) {
      const answer = await call(...request);
      if (answer.status !== 503 || patience === 0) return answer;
      await delay(1000);
    }
  };
}
