import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type z } from 'zod';
import { ENV_SCHEMA } from './env.schema.js';

/** The validated configuration of this process. Inject it with `@Inject(ENV)`. */
export type Env = z.infer<typeof ENV_SCHEMA>;
export const ENV = Symbol('ENV');

/** A configuration that cannot be started with. `problems` name variables and what to do, never a value. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`Configuration is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/**
 * Reads the environment, the only place that does. Each variable may also be given as `<NAME>_FILE`, a path to a
 * file that holds the value (one trailing newline is cut). Throws ConfigError that lists every bad variable.
 */
export function readEnv(source: Readonly<Record<string, string | undefined>> = process.env): Env {
  const problems: string[] = [];
  const values: Record<string, string> = {};
  for (const name of Object.keys(ENV_SCHEMA.shape)) {
    const value = readVariable(name, source, problems);
    if (value !== undefined) values[name] = value;
  }
  const parsed = ENV_SCHEMA.safeParse(values);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const name = String(issue.path[0]);
      if (!problems.some((problem) => problem.startsWith(`${name} `)))
        problems.push(`${name} ${issue.message}`);
    }
  }
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems);
  problems.push(...contradictions(parsed.data));
  if (problems.length > 0) throw new ConfigError(problems);
  return parsed.data;
}

/** Is this a deployment that others reach? Then weak secrets and unverified TLS stop the start. */
export function isProduction(env: Env): boolean {
  return env.NODE_ENV === 'production' || !isLoopback(env.HOST);
}

/** The origin under which clients reach this server, without a trailing slash. */
export function publicUrl(env: Env): string {
  const host = env.HOST.includes(':') ? `[${env.HOST}]` : env.HOST;
  return (env.PUBLIC_URL ?? `http://${host}:${env.PORT}`).replace(/\/$/, '');
}

/** The folder of the embedded database and generated keys, absolute. */
export function dataDir(env: Env): string {
  return path.resolve(env.DATA_DIR);
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function readVariable(
  name: string,
  source: Readonly<Record<string, string | undefined>>,
  problems: string[],
): string | undefined {
  const direct = source[name];
  const file = source[`${name}_FILE`];
  // MCP_SERVERS_FILE is a variable of its own, not the file of MCP_SERVERS.
  if (file === undefined || file === '') return direct === '' ? undefined : direct;
  if (direct !== undefined && direct !== '') {
    problems.push(`${name} is set twice, directly and by ${name}_FILE: keep one`);
    return undefined;
  }
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch {
    problems.push(`${name} cannot be read: ${name}_FILE does not name a readable file`);
    return undefined;
  }
}

/** Rules that need more than one variable. */
function contradictions(env: Env): string[] {
  const problems: string[] = [];
  if (!isLoopback(env.HOST) && env.PUBLIC_URL === undefined) {
    problems.push(
      'PUBLIC_URL is required when HOST is not a loopback address: set it to the origin that clients use',
    );
  }
  if (env.DATABASE_URL !== undefined && env.ENCRYPTION_KEYS === undefined) {
    problems.push(
      'ENCRYPTION_KEYS is required when DATABASE_URL is set: make one with  echo "k1:$(openssl rand -base64 32)"',
    );
  }
  if (env.QUEUE === 'redis' && env.QUEUE_REDIS_URL === undefined) {
    problems.push(
      'QUEUE_REDIS_URL is required when QUEUE=redis: a Redis of its own with maxmemory-policy noeviction',
    );
  }
  if (env.DATABASE_DIRECT_URL !== undefined && env.DATABASE_URL === undefined) {
    problems.push('DATABASE_DIRECT_URL needs DATABASE_URL: it is the same database without the pooler');
  }
  return problems;
}

/** Where programs are looked for; child processes get nothing else of this environment. */
export function searchPath(): string {
  return process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin';
}

/** What a program needs to run at all. Nothing that changes what it does: no NODE_OPTIONS, LD_*, npm_config_*. [S56] */
const CHILD_VARIABLES = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LC_ALL',
  'TERM',
  'TZ',
  'TMPDIR',
];
const CHILD_VARIABLES_WINDOWS = [
  'APPDATA',
  'HOMEDRIVE',
  'HOMEPATH',
  'LOCALAPPDATA',
  'PATHEXT',
  'PROGRAMFILES',
  'SYSTEMDRIVE',
  'SYSTEMROOT',
  'TEMP',
  'TMP',
  'USERNAME',
  'USERPROFILE',
];

/** The environment of a program that the operator lists in MCP_SERVERS_FILE: none of this server's own variables. */
export function childEnvironment(): Record<string, string> {
  const names =
    process.platform === 'win32' ? [...CHILD_VARIABLES, ...CHILD_VARIABLES_WINDOWS] : CHILD_VARIABLES;
  const found: Record<string, string> = { PATH: searchPath() };
  for (const name of names) {
    const value = process.env[name];
    // An exported shell function (Shellshock) is no value.
    if (value !== undefined && !value.startsWith('()')) found[name] = value;
  }
  return found;
}
