// node scripts/stopwatch.mjs: how long a newcomer waits for the first answer of his own. A fresh clone, the real
// `npm ci` (with whatever the package cache holds), `npm start` and one question. Fails at three minutes.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';

const LIMIT_S = 180;
/** A start that hangs is given up; the time is printed all the same. */
const GIVE_UP_MS = 900_000;

const root = path.resolve(import.meta.dirname, '..');
const home = mkdtempSync(path.join(tmpdir(), 'mcp-server-stopwatch-'));
const clone = path.join(home, 'mcp-server');
const probe = createServer().listen(0, '127.0.0.1');
await new Promise((resolve) => probe.once('listening', resolve));
const env = { ...process.env, PORT: String(probe.address().port), METRICS_PORT: '0', XDG_CONFIG_HOME: home };
delete env.DATA_DIR;
await new Promise((resolve) => probe.close(resolve));

const started = performance.now();
const seconds = () => (performance.now() - started) / 1000;
const lap = (text) => console.log(`${seconds().toFixed(1).padStart(6)} s  ${text}`);

let server;
let failed = true;
try {
  execFileSync('git', ['clone', '--quiet', root, clone]);
  lap('cloned');
  server = spawn('npm', ['start'], { cwd: clone, env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  await ready(server);
  lap('ready (installed, built, database made)');
  const answer = execFileSync(path.join(clone, 'bin/mcp-server'), ['chat', 'What is 17.5% of 2480?'], {
    cwd: clone,
    env,
    encoding: 'utf8',
  });
  lap(`answered: ${answer.split('\n').find((line) => line.includes('434')) ?? answer}`);
  failed = !answer.includes('434') || seconds() > LIMIT_S;
} finally {
  if (server?.exitCode === null) {
    const ended = new Promise((resolve) => server.once('close', resolve));
    process.kill(-server.pid, 'SIGINT');
    await ended;
  }
  rmSync(home, { recursive: true, force: true });
}
console.log(`${failed ? 'FAIL' : 'ok'}: limit ${LIMIT_S} s, load average ${loadavg()[0].toFixed(1)}`);
process.exit(failed ? 1 : 0);

function ready(child) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('not ready')), GIVE_UP_MS);
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
      if (!output.includes('mcp-server ready on')) return;
      clearTimeout(timer);
      resolve();
    });
    child.once('close', () => reject(new Error(`npm start ended:\n${output}`)));
  });
}
