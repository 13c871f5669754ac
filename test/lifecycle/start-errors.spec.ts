import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { makeDatabase } from '../support/test-app.js';
import { copyProject } from '../support/project-copy.js';
import {
  buildOnce,
  cleanUp,
  makeFolder,
  processesOf,
  PROJECT,
  runToEnd,
  startServer,
} from '../support/server-process.js';

jest.setTimeout(120_000);
beforeAll(buildOnce, 120_000);
afterAll(cleanUp);

const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;

describe('a start that cannot work ends with a message and its exit code', () => {
  it('a taken port: 78, names PORT and the next command, leaves no database', async () => {
    const data = makeFolder();
    const taken = createServer();
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port));
    });
    const { code, output } = await runToEnd({ DATA_DIR: data, PORT: String(port), LOG_LEVEL: 'silent' });
    taken.close();
    expect(code).toBe(78);
    expect(output.trim()).toBe(
      `mcp-server: Port ${port} is taken (PORT). Start on another one:  PORT=${port + 1} npm start`,
    );
    expect(processesOf(data)).toEqual([]);
  });

  it('a DATA_DIR that is a file: 78, names DATA_DIR', async () => {
    const file = path.join(makeFolder(), 'file');
    writeFileSync(file, '');
    const { code, output } = await runToEnd({ DATA_DIR: file, LOG_LEVEL: 'silent' });
    expect(code).toBe(78);
    expect(output).toContain('DATA_DIR');
    expect(output).not.toContain('    at ');
  });

  it('a DATA_DIR that this user cannot write: 78, names DATA_DIR', async () => {
    const folder = makeFolder();
    chmodSync(folder, 0o755);
    const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] as const;
    const command =
      process.getuid?.() === 0 ? ([...asNobody, process.execPath, 'dist/src/main.js'] as const) : undefined;
    if (command === undefined) chmodSync(folder, 0o555);
    const { code, output } = await runToEnd(
      { DATA_DIR: path.join(folder, 'data'), LOG_LEVEL: 'silent' },
      { cwd: copyProject({ built: true }), command: command as [string, ...string[]] | undefined },
    );
    expect(output).toContain('Set DATA_DIR to a folder that this user can write.');
    expect(code).toBe(78);
  });

  it('a database that does not answer: 69', async () => {
    const { code, output } = await runToEnd({
      DATABASE_URL: 'postgres://nobody:hunter2@127.0.0.1:9/none',
      ENCRYPTION_KEYS: key('k1'),
      LOG_LEVEL: 'silent',
    });
    expect(code).toBe(69);
    expect(output).toContain('DATABASE_URL');
    expect(output).not.toContain('hunter2');
  });

  it('no admin password, no terminal, an external database: 78', async () => {
    const { code, output } = await runToEnd({
      DATABASE_URL: await makeDatabase(),
      ENCRYPTION_KEYS: key('k1'),
      LOG_LEVEL: 'silent',
    });
    expect(code).toBe(78);
    expect(output).toContain('ADMIN_PASSWORD');
  });
});

describe('the key ring belongs to the database', () => {
  it('a wrong ring stops the start; one with the right key among others does not', async () => {
    const right = key('k1');
    const base = {
      DATABASE_URL: await makeDatabase(),
      ADMIN_PASSWORD: 'correct horse battery staple',
      LOG_LEVEL: 'silent',
    };
    await (await startServer({ ...base, ENCRYPTION_KEYS: right })).stop();

    const wrong = key('k1');
    for (const ring of [wrong, key('k2'), `${key('k2')},${wrong}`]) {
      const { code, output } = await runToEnd({ ...base, ENCRYPTION_KEYS: ring });
      expect(code).toBe(78);
      expect(output).toContain('ENCRYPTION_KEYS is not the key ring of this database');
      expect(output).toContain('k1');
      for (const pair of ring.split(',')) expect(output).not.toContain(pair.split(':')[1]);
    }
    const rotated = await startServer({ ...base, ENCRYPTION_KEYS: `${key('k2')},${right}` });
    expect(await rotated.stop()).toBe(0);
  });

  it('a lost DATA_DIR/encryption.key is noticed, not replaced in silence', async () => {
    const data = makeFolder();
    await (await startServer({ DATA_DIR: data })).stop();
    const file = path.join(data, 'encryption.key');
    const kept = readFileSync(file);
    rmSync(file);
    const { code, output } = await runToEnd({ DATA_DIR: data, LOG_LEVEL: 'silent' });
    expect(code).toBe(78);
    expect(output).toContain('encryption.key');
    writeFileSync(file, kept);
    expect(await (await startServer({ DATA_DIR: data })).stop()).toBe(0);
  });
});

it('migrate brings a database up to date and ends', async () => {
  const data = makeFolder();
  const { code, output } = await runToEnd(
    { DATA_DIR: data, LOG_LEVEL: 'silent' },
    { command: [process.execPath, path.join(PROJECT, 'bin/mcp-server'), 'migrate'] },
  );
  expect(output).toContain('The database is up to date');
  expect(code).toBe(0);
  expect(processesOf(data)).toEqual([]);
});
