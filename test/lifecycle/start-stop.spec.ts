import { type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ADMIN, caller, patientCaller } from '../support/test-app.js';
import {
  buildOnce,
  cleanUp,
  makeFolder,
  processesOf,
  PROJECT,
  startServer,
  until,
  untilEmpty,
} from '../support/server-process.js';

jest.setTimeout(120_000);
beforeAll(buildOnce, 120_000);
afterAll(cleanUp);

const settings = (DATA_DIR: string) => ({
  DATA_DIR,
  ADMIN_EMAIL: ADMIN.email,
  ADMIN_PASSWORD: ADMIN.password,
});

async function login(url: string): Promise<number> {
  return (await patientCaller(url)('POST', '/api/v1/auth/login', { body: ADMIN })).status;
}

/** The pid of the embedded PostgreSQL, by its own file. */
function postmasterOf(data: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(path.join(data, 'pg/postmaster.pid'), 'utf8'), 10) || undefined;
  } catch {
    return undefined;
  }
}

describe('a first and a second start', () => {
  it('is ready, tells where everything is, ends with the ready line, and starts again quickly', async () => {
    const data = makeFolder();
    const first = await startServer({ ...settings(data), LOG_LEVEL: 'error' });
    expect(await login(first.url)).toBe(200);
    const lines = first.output().trimEnd().split('\n');
    expect(lines.at(-1)).toBe(`mcp-server ready on ${first.url}`);
    expect(lines).toContain(`  API docs   ${first.url}/api/docs`);
    expect(first.output()).toContain('builtin:planner (rule-based, not an LLM; set LLM_MODEL=openai:…');
    expect(first.output()).not.toContain(ADMIN.password);
    expect(await first.stop('SIGTERM')).toBe(0);
    await untilEmpty(data);

    const second = await startServer(settings(data));
    expect(await login(second.url)).toBe(200);
    expect(await second.stop('SIGINT')).toBe(0);
    await untilEmpty(data);
  });

  it('writes the ready line as JSON with LOG_FORMAT=json, whatever the level', async () => {
    const data = makeFolder();
    const server = await startServer({ ...settings(data), LOG_FORMAT: 'json', LOG_LEVEL: 'silent' });
    const lines = server.output().trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ msg: `mcp-server ready on ${server.url}`, service: 'mcp-server' }),
    ]);
    await server.stop();
  });
});

describe('Ctrl-C', () => {
  it('to the process group of `npm start` leaves no process', async () => {
    const data = makeFolder();
    const server = await startServer(settings(data), { command: ['npm', 'start'], group: true });
    process.kill(-(server.child.pid ?? 0), 'SIGINT');
    await untilEmpty(data);
    expect(processesOf(data)).toEqual([]);
  });

  it('during the start leaves no process either', async () => {
    const data = makeFolder();
    let child: ChildProcess | undefined;
    const starting = startServer(settings(data), { onLaunch: (launched) => (child = launched) });
    const over = starting.catch(() => undefined);
    await until('PostgreSQL runs', () => processesOf(`${data}/pg`).length > 0);
    child?.kill('SIGINT');
    await over; // on a busy machine it may have got ready just before the signal
    await untilEmpty(data);
    expect(processesOf(data)).toEqual([]);
  });
});

describe('a crash', () => {
  it('kill -9 loses nothing: the next start adopts the PostgreSQL that was left', async () => {
    const data = makeFolder();
    const first = await startServer(settings(data));
    const answer = await caller(first.url)('POST', '/api/v1/auth/login', { body: ADMIN });
    await first.stop('SIGKILL');
    const postgres = readFileSync(path.join(data, 'pg/postmaster.pid'), 'utf8').split('\n')[0];

    const second = await startServer(settings(data));
    expect(readFileSync(path.join(data, 'pg/postmaster.pid'), 'utf8').split('\n')[0]).toBe(postgres);
    const me = await caller(second.url)('GET', '/api/v1/auth/me', { token: answer.body.accessToken });
    expect(me.status).toBe(200);
    expect(await second.stop()).toBe(0);
    await untilEmpty(data);
  });

  it('a PostgreSQL that is killed comes back by itself', async () => {
    const data = makeFolder();
    const server = await startServer(settings(data));
    const pid = postmasterOf(data);
    if (pid === undefined) throw new Error('There is no PostgreSQL');
    process.kill(pid, 'SIGKILL');
    const isAnother = () => ![undefined, pid].includes(postmasterOf(data));
    await until('another PostgreSQL is there', isAnother, 30_000);
    // Not by logins: those are limited per address.
    const isReady = async () => (await fetch(`${server.url}/health/ready`)).status === 200;
    await until('the server is ready again', isReady, 30_000);
    expect(await login(server.url)).toBe(200);
    expect(await server.stop()).toBe(0);
    await untilEmpty(data);
  });
});

describe('two processes on one DATA_DIR', () => {
  it.each([
    ['the first', 0],
    ['the second', 1],
  ] as const)('both work; %s may leave first', async (_name, index) => {
    const data = makeFolder();
    // At once: the embedded database is started by one, joined by the other.
    const both = await Promise.all([startServer(settings(data)), startServer(settings(data))]);
    expect(await Promise.all(both.map((server) => login(server.url)))).toEqual([200, 200]);
    const [leaver, stayer] = index === 0 ? both : [both[1], both[0]];
    expect(await leaver.stop()).toBe(0);
    expect(await login(stayer.url)).toBe(200);
    expect(await stayer.stop()).toBe(0);
    await untilEmpty(data);
  });
});

it('the project folder is not written by a start elsewhere', () => {
  expect(() => readFileSync(path.join(PROJECT, '.preparing/pid'))).toThrow('ENOENT');
});
