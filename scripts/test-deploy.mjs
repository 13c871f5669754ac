// npm run test:deploy: the image and docker-compose.yml on a real Docker engine, one that is reachable or else one
// that test/deploy/engine.sh starts. Where none can start, every test is a counted skip and the reason is printed.
// Then the commands of the guides that need the engine. Arguments go to Jest.
import { spawnSync } from 'node:child_process';
import { prepare } from './prepare.mjs';

prepare({ build: false });
const engine = spawnSync('test/deploy/engine.sh', ['up'], {
  stdio: ['ignore', 'pipe', 'pipe'],
  encoding: 'utf8',
});
process.stderr.write(engine.stderr ?? '');
const CANNOT_START = 3;
if (engine.status !== 0 && engine.status !== CANNOT_START) process.exit(1);
const found = Object.fromEntries((engine.stdout ?? '').split('\n').flatMap((line) => variable(line)));
const reason = engine.status === 0 ? undefined : engine.stderr.trim().split('\n').at(-1);
if (reason !== undefined) console.log(`test:deploy is skipped: ${reason}`);
try {
  const tests = spawnSync(
    process.execPath,
    ['scripts/test.mjs', '--config', 'test/deploy/jest.config.mjs', ...process.argv.slice(2)],
    { stdio: 'inherit', env: { ...process.env, ...found, ...(reason && { ENGINE_MISSING: reason }) } },
  );
  const docs = reason === undefined ? checkDocs({ ...process.env, ...found }) : 0;
  process.exitCode = tests.status || docs;
} finally {
  if (found.ENGINE === 'started') spawnSync('test/deploy/engine.sh', ['down'], { stdio: 'inherit' });
}

/** Carries out the `run=docker` blocks of README.md and the guides, under a project name of their own. */
function checkDocs(environment) {
  const env = { ...environment, COMPOSE_PROJECT_NAME: `mcp-server-docs-${process.pid}` };
  const docs = spawnSync(process.execPath, ['scripts/docs-check.mjs', '--docker'], { stdio: 'inherit', env });
  spawnSync('docker', ['compose', 'down', '-v', '--timeout', '5'], { stdio: 'ignore', env });
  return docs.status ?? 1;
}

function variable(line) {
  const at = line.indexOf('=');
  return at > 0 ? [[line.slice(0, at), line.slice(at + 1)]] : [];
}
