// The real server as a process of its own on a real PostgreSQL of this benchmark's own. Needs a built dist/.
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http, { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';

const READY = /mcp-server ready on (http:\/\/[\w.:[\]]+)/;
const ADMIN = { email: 'bench@example.com', password: 'bench pass phrase of some length' };

/** PostgreSQL from the product's own launcher: `{ database(): Promise<url>, stop() }`. */
export async function startPostgres() {
  const { EmbeddedPostgres } = await import('../../dist/src/platform/database/embedded/embedded-postgres.js');
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-bench-pg-'));
  const postgres = await EmbeddedPostgres.start(folder);
  return {
    async database() {
      const name = `b_${randomUUID().replaceAll('-', '')}`;
      const client = new pg.Client({ connectionString: postgres.url });
      await client.connect();
      await client.query(`create database ${name}`);
      await client.end();
      return postgres.url.replace(/\/postgres$/, `/${name}`);
    },
    async stop() {
      await postgres.leave();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Starts a server and logs its admin in: `{ url, key, folder, call(method, path, body?), stop() }`. `prepare(folder)`
 * may write files into its folder first; `variables` are environment variables.
 */
export async function startServer(databaseUrl, { variables = {}, prepare = () => ({}) } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-bench-'));
  const child = spawn(process.execPath, ['--max-semi-space-size=32', 'dist/src/main.js'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'test', PORT: '0', METRICS_PORT: '0' },
      ...{ DATABASE_URL: databaseUrl, DATA_DIR: folder, LOG_LEVEL: 'error', LOG_FORMAT: 'json' },
      ENCRYPTION_KEYS: `bench:${randomBytes(32).toString('base64')}`,
      ...{ ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password, RATE_LIMIT_PER_MINUTE: '1000000' },
      ...prepare(folder),
      ...variables,
    },
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const url = await ready(child);
  const login = await request(url, undefined, 'POST', '/api/v1/auth/login', ADMIN);
  const { key } = await request(url, login.accessToken, 'POST', '/api/v1/api-keys', {
    name: 'bench',
    scopes: [
      'conversations',
      'runs',
      'tools:read',
      'tools:call',
      'tools:manage',
      'agents:read',
      'agents:manage',
      'mcp',
      'admin',
    ],
  });
  return {
    ...{ url, key, folder },
    call: (method, route, body) => request(url, key, method, route, body),
    async stop() {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function ready(child) {
  return new Promise((resolve, reject) => {
    let output = '';
    const timer = setTimeout(() => reject(new Error(`Not ready in a minute:\n${output}`)), 60_000);
    const look = (chunk) => {
      output += chunk;
      const url = READY.exec(output)?.[1];
      if (url !== undefined) {
        clearTimeout(timer);
        resolve(url);
      }
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.once('exit', (code) => reject(new Error(`The server ended with ${code}:\n${output}`)));
  });
}

/** Plain node:http on kept connections: the client shares the machine with the server, so it should cost little. */
const connections = new Agent({ keepAlive: true });

async function request(url, token, method, route, body) {
  const data = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(data !== undefined && {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(data),
    }),
  };
  const request = http.request(url + route, { method, headers, agent: connections }).end(data);
  const [response] = await once(request, 'response');
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  if (response.statusCode >= 300)
    throw new Error(`${method} ${route}: ${response.statusCode} ${text.slice(0, 500)}`);
  return text === '' ? undefined : JSON.parse(text);
}
