// npm run dev: builds, starts, and starts again at every change below src/ and migrations/. Only changed files are
// compiled. The embedded database stays up in between: this process holds it too.
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, watch, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare } from './prepare.mjs';

prepare();
const { transform } = await import('@swc/core');
const { $schema: _, ...swc } = JSON.parse(readFileSync('.swcrc', 'utf8'));
const WAIT_MS = 60;

const changed = new Set();
const watched = new Set();
let timer;
let server;
let restarting = false;
let leaving = false;

const database = process.env.DATABASE_URL ? undefined : await holdDatabase();
for (const folder of ['src', 'migrations']) watchFolder(folder);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void leave());
start();

/** A watcher a folder: Node's recursive one loses a file that an editor replaces by a rename. */
function watchFolder(folder) {
  watch(folder, (_event, name) => {
    const file = path.join(folder, name ?? '');
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
      if (!watched.has(file)) watchFolder(file);
    } else if (name?.endsWith('.ts')) {
      changed.add(file);
      clearTimeout(timer);
      timer = setTimeout(() => void restart(), WAIT_MS);
    }
  }).on('error', () => watched.delete(folder));
  watched.add(folder);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) watchFolder(path.join(folder, entry.name));
  }
}

async function holdDatabase() {
  const launcher = path.resolve('dist/src/platform/database/embedded/embedded-postgres.js');
  const { EmbeddedPostgres } = await import(pathToFileURL(launcher));
  return EmbeddedPostgres.start(process.env.DATA_DIR || '.data');
}

function start() {
  const child = spawn(process.execPath, ['--enable-source-maps', 'dist/src/main.js'], { stdio: 'inherit' });
  child.on('exit', (code) => {
    if (server === child) server = undefined;
    if (!leaving && !restarting && code !== 0) console.log('dev: it ended; waiting for a change');
  });
  server = child;
}

async function restart() {
  if (restarting || leaving || changed.size === 0) return;
  const files = [...changed];
  changed.clear();
  if (!(await compile(files))) return;
  restarting = true;
  console.log(`dev: ${files.length === 1 ? files[0] : `${files.length} files`} changed`);
  await stop();
  restarting = false;
  if (leaving) return;
  start();
  if (changed.size > 0) void restart();
}

/** Compiles changed files into dist/; false when one of them is not valid TypeScript, and the old program stays. */
async function compile(files) {
  try {
    for (const file of files) {
      const output = path.join('dist', file.replace(/\.ts$/, '.js'));
      if (!statSync(file, { throwIfNoEntry: false })) {
        rmSync(output, { force: true });
        continue;
      }
      const { code } = await transform(readFileSync(file, 'utf8'), {
        ...swc,
        swcrc: false,
        filename: path.resolve(file),
        sourceMaps: 'inline',
      });
      mkdirSync(path.dirname(output), { recursive: true });
      writeFileSync(output, code);
    }
    // dist/ is no longer what the last build made of all sources; the next `npm start` makes it anew.
    rmSync('dist/.built', { force: true });
    return true;
  } catch (error) {
    console.error(`dev: ${error.message}`);
    return false;
  }
}

async function stop() {
  if (server === undefined) return;
  const child = server;
  await new Promise((resolve) => {
    child.once('exit', resolve);
    child.kill('SIGTERM');
  });
}

async function leave() {
  if (leaving) return;
  leaving = true;
  await stop();
  await database?.leave();
  process.exit(0);
}
