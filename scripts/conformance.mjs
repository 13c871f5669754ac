// npm run conformance: the official MCP suites against the real server, through its real guard. The suites cannot send a
// credential, so a loopback proxy adds an API key that was made by REST. The fixtures they need are ordinary extensions.
// One row a set; exit code 0 only when every required scenario passed.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeFixtures } from '../test/conformance/write-fixtures.mjs';
import { prepare } from './prepare.mjs';

const SETS = { '2025-11-25': 30, '2026-07-28': 37 };
const ADMIN = { email: 'admin@example.com', password: randomBytes(18).toString('base64url') };
const root = path.resolve(import.meta.dirname, '..');
const verbose = process.argv.includes('--verbose');

prepare();
const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-conformance-'));
const extensions = path.join(folder, 'extensions');
mkdirSync(extensions);
await writeFixtures(extensions);
const server = await startServer();
let failed = 0;
try {
  const proxy = await startProxy(server.port, await makeApiKey(server.url));
  for (const [revision, required] of Object.entries(SETS)) {
    const { passed, total, code, output } = await runSuite(revision, proxy.port);
    const isGood = code === 0 && passed === required && total === required;
    console.log(`${isGood ? 'ok  ' : 'FAIL'} ${revision}: ${passed} of ${required} required`);
    if (!isGood) failed += 1;
    if (!isGood || verbose) console.log(output);
  }
  proxy.close();
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed === 0 ? 0 : 1);

async function startServer() {
  const port = await freePort();
  const child = spawn(process.execPath, ['dist/src/main.js'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      PORT: String(port),
      DATA_DIR: path.join(folder, 'data'),
      METRICS_PORT: '0',
      LOG_LEVEL: 'warn',
      LOG_FORMAT: 'json',
      ADMIN_EMAIL: ADMIN.email,
      ADMIN_PASSWORD: ADMIN.password,
      EXTENSIONS_DIR: extensions,
    },
  });
  let log = '';
  const ready = new Promise((resolve, reject) => {
    const read = (chunk) => {
      log += chunk;
      if (log.includes('mcp-server ready on')) resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}:\n${log}`)));
    setTimeout(() => reject(new Error(`the server was not ready in 60 s:\n${log}`)), 60_000).unref();
  });
  await ready.catch((error) => {
    child.kill('SIGKILL');
    throw error;
  });
  if (verbose) process.on('exit', () => console.log(log));
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      child.removeAllListeners('exit');
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function makeApiKey(url) {
  const post = async (route, body, headers = {}) => {
    const response = await fetch(url + route, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`POST ${route} answered ${response.status}: ${await response.text()}`);
    return response.json();
  };
  const login = await post('/api/v1/auth/login', ADMIN);
  const { key } = await post(
    '/api/v1/api-keys',
    { name: 'conformance', scopes: ['mcp', 'tools:read', 'tools:call'] },
    { authorization: `Bearer ${login.accessToken}`, 'idempotency-key': 'conformance' },
  );
  return key;
}

/** Passes everything on as it is, and adds the credential. */
async function startProxy(target, key) {
  const proxy = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, authorization: `Bearer ${key}` };
    const { url, method } = incoming;
    const onward = request({ host: '127.0.0.1', port: target, path: url, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    port: proxy.address().port,
    close: () => {
      proxy.close();
      proxy.closeAllConnections();
    },
  };
}

async function runSuite(revision, port) {
  const child = spawn(
    process.execPath,
    [
      ...['--import', path.join(root, 'scripts/conformance-node20.mjs')],
      path.join(root, 'node_modules/@modelcontextprotocol/conformance/dist/index.js'),
      ...['server', '--url', `http://127.0.0.1:${port}/mcp`, '--requirements', revision],
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const [code] = await once(child, 'close');
  return { code, output, ...count(output) };
}

/** Required scenarios are those of the summary that the suite does not list as `not scored` after it. */
function count(output) {
  const [, summary = ''] = output.split('=== SUMMARY ===');
  const [scored = '', unscored = ''] = summary.split('Not scored for');
  const rows = (text, pattern) => [...text.matchAll(pattern)].map(([, mark, name]) => ({ mark, name }));
  const extra = new Set(rows(unscored, /^ +([✓✗]) ([\w-]+) \(/gm).map((row) => row.name));
  const required = rows(scored, /^([✓✗]) ([\w-]+): /gm).filter((row) => !extra.has(row.name));
  return { total: required.length, passed: required.filter((row) => row.mark === '✓').length };
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
