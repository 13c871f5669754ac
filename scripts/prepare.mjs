// Dependency-free: runs before anything is installed. Installs when node_modules does not match the lock file, and
// builds when dist/ does not match the sources. Both are no-ops of a few milliseconds when nothing changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');

const INSTALL_STAMP = 'node_modules/.mcp-server-installed';
const BUILD_STAMP = 'dist/.built';
const LOCK = '.preparing';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`needs Node 20.19 or newer; this is ${process.versions.node}`, 78);
}

let say = (text) => console.log(text);

/** `say` is told what takes long. Changes the working folder to the project's. */
export function prepare({ build = true, say: told = say } = {}) {
  say = told;
  process.chdir(root);
  const installed = read(INSTALL_STAMP) === installKey();
  if (installed && (!build || read(BUILD_STAMP) === buildKey())) return;
  withLock(() => {
    if (read(INSTALL_STAMP) !== installKey()) install();
    if (build && read(BUILD_STAMP) !== buildKey()) compile();
  });
}

function install() {
  say('mcp-server: installing dependencies (npm ci) …');
  const cli = process.env.npm_execpath;
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const command = cli?.endsWith('.js') ? [process.execPath, [cli, ...args]] : ['npm', args];
  const result = spawnSync(...command, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (result.status !== 0) {
    fail(`npm ci failed:\n${(result.stderr ?? String(result.error)).split('\n').slice(0, 12).join('\n')}`, 1);
  }
  writeFileSync(INSTALL_STAMP, installKey());
}

function compile() {
  say('mcp-server: building …');
  const result = spawnSync(process.execPath, ['node_modules/@nestjs/cli/bin/nest.js', 'build'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  if (result.status !== 0 || !existsSync('dist/src/main.js'))
    fail(`build failed:\n${result.stdout}${result.stderr}`, 1);
  writeFileSync(BUILD_STAMP, buildKey());
}

/** What the installed tree depends on: the lock file, what package.json says of packages, the platform of native parts. */
function installKey() {
  const { dependencies, devDependencies, optionalDependencies, overrides, allowScripts } = JSON.parse(
    readFileSync('package.json', 'utf8'),
  );
  const wanted = JSON.stringify([
    dependencies,
    devDependencies,
    optionalDependencies,
    overrides,
    allowScripts,
  ]);
  const lock = createHash('sha256').update(wanted).update(readFileSync('package-lock.json')).digest('hex');
  return `${lock} ${process.versions.modules} ${process.platform} ${process.arch}`;
}

function buildKey() {
  return hash([
    'package-lock.json',
    'nest-cli.json',
    'tsconfig.json',
    '.swcrc',
    ...walk('src'),
    ...walk('migrations'),
  ]);
}

function hash(files) {
  const digest = createHash('sha256');
  for (const file of files) digest.update(file).update(readFileSync(file));
  return digest.digest('hex');
}

function walk(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Two terminals on one fresh clone: the second waits for the first. A lock of a dead process is taken over. */
function withLock(work) {
  for (let waited = 0; ; waited += 200) {
    try {
      mkdirSync(LOCK);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') fail(`${root} cannot be written (${error.code})`, 78);
      const owner = Number(read(`${LOCK}/pid`));
      if ((owner > 0 && !alive(owner)) || (owner === 0 && waited > 5000))
        rmSync(LOCK, { recursive: true, force: true });
      if (waited > 600_000) fail('another process has been installing for ten minutes', 1);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
  writeFileSync(`${LOCK}/pid`, String(process.pid));
  try {
    work();
  } finally {
    rmSync(LOCK, { recursive: true, force: true });
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function fail(text, code) {
  rmSync(path.join(root, LOCK), { recursive: true, force: true });
  console.error(`mcp-server: ${text}`);
  process.exit(code);
}

if (process.argv[1] === import.meta.filename) prepare();
