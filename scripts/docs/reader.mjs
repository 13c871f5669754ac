// Does what a page tells, as its reader would: in a fresh clone, in one shell, with the server in a terminal of its own.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readable } from './transcript.mjs';

const BLOCK_MS = 300_000;
const START_MS = 120_000;
const STOP_MS = 30_000;
const READY = /mcp-server ready on (http:\S+)/;
/** A command that ends only with Ctrl-C. */
const SERVER = /(^|\s)(npm start|bin\/mcp-server start)\s*(#.*)?$/;

export const startsServer = (block) => SERVER.test(block.trimEnd().split('\n').at(-1) ?? '');
/** Without `script` (util-linux) there is no terminal, and the server does not print the password. */
export const hasTerminal = spawnSync('script', ['--version']).status === 0;

/** A clone with the changes of the working tree; node_modules and dist are linked, so nothing is installed again. */
export function makeClone(root) {
  const home = mkdtempSync(path.join(tmpdir(), 'mcp-server-docs-'));
  const clone = path.join(home, 'mcp-server');
  execFileSync('git', ['-c', 'advice.detachedHead=false', 'clone', '--quiet', root, clone]);
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\0');
  for (const file of git('ls-files', '-z', '--modified', '--others', '--exclude-standard')) {
    if (file === '') continue;
    if (existsSync(path.join(root, file))) cpSync(path.join(root, file), path.join(clone, file));
    else rmSync(path.join(clone, file), { force: true });
  }
  for (const folder of ['node_modules', 'dist']) {
    const [from, to] = [path.join(root, folder), path.join(clone, folder)];
    // Hard links do not cross file systems.
    if (spawnSync('cp', ['-al', from, to]).status !== 0) {
      rmSync(to, { recursive: true, force: true });
      execFileSync('cp', ['-a', from, to]);
    }
  }
  return { clone, remove: () => rmSync(home, { recursive: true, force: true }) };
}

/** The reader of one page. */
export class Reader {
  static async make(clone) {
    const reader = new Reader();
    reader.clone = clone;
    reader.port = await freePort();
    reader.url = `http://127.0.0.1:${reader.port}`;
    reader.env = {
      ...{ PATH: process.env.PATH, HOME: path.dirname(clone), LANG: 'C.UTF-8', TERM: 'dumb' },
      ...dockerVariables(),
      ...{ PORT: String(reader.port), METRICS_PORT: '0', NO_UPDATE_NOTIFIER: '1' },
    };
    return reader;
  }

  /** Saves a file that the page tells to write. */
  save(file, body) {
    const to = path.join(this.clone, file);
    mkdirSync(path.dirname(to), { recursive: true });
    writeFileSync(to, `${body}\n`);
  }

  /** Carries a block out; gives its exit code and output. A server goes on in the background once it is ready. */
  async run(block) {
    const script = block.replaceAll(/(127\.0\.0\.1|localhost):8000/g, `127.0.0.1:${this.port}`);
    const { code, output } = startsServer(script) ? await this.start(script) : await this.inShell(script);
    return { code, output: readable(output, this.url) };
  }

  /** Ctrl-C, in both terminals. */
  async leave() {
    this.shell?.kill('SIGKILL');
    await this.stopServer();
  }

  async start(script) {
    await this.stopServer();
    const [command, args] = hasTerminal
      ? ['script', ['-qfec', script, '/dev/null']]
      : ['bash', ['-c', `exec env ${script}`]];
    const child = spawn(command, args, { cwd: this.clone, env: this.env });
    this.server = child;
    let output = '';
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve({ code: 'not ready in time', output }), START_MS);
      const settle = (code) => {
        clearTimeout(timer);
        resolve({ code, output });
      };
      const listen = (chunk) => {
        output += chunk;
        if (READY.test(output)) settle(0);
      };
      child.stdout.on('data', listen);
      child.stderr.on('data', listen);
      child.once('close', (code) => settle(`ended with ${code}`));
    });
  }

  async stopServer() {
    const child = this.server;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    if (hasTerminal) child.stdin.write('\u0003');
    else child.kill('SIGINT');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }

  /** One shell for the whole page: variables of one block are there in the next. */
  inShell(script) {
    this.shell ??= spawn('bash', ['--noprofile', '--norc'], { cwd: this.clone, env: this.env });
    const shell = this.shell;
    const { stdin, stdout } = shell;
    const mark = `--end-of-block-${Math.random().toString(36).slice(2)}--`;
    const quoted = script.replaceAll("'", String.raw`'\''`);
    return new Promise((resolve) => {
      let output = '';
      const timer = setTimeout(() => shell.kill('SIGKILL'), BLOCK_MS);
      const settle = (code) => {
        clearTimeout(timer);
        stdout.off('data', listen);
        shell.off('close', broken);
        resolve({ code, output: output.split(mark)[0] });
      };
      const broken = () => {
        this.shell = undefined;
        settle('stopped at a failing command');
      };
      const listen = (chunk) => {
        output += chunk;
        const end = new RegExp(`${mark}(\\d+)`).exec(output);
        if (end) settle(Number(end[1]));
      };
      stdout.on('data', listen);
      shell.once('close', broken);
      // -e: a failing command in the middle must not be hidden by a later one. bash itself ends then.
      stdin.write(`set -e; exec 2>&1; eval '${quoted}' </dev/null; echo ${mark}$?\n`);
    });
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Where the engine is, and under which name its containers run, when the caller says so. */
function dockerVariables() {
  const names = ['DOCKER_HOST', 'DOCKER_CONFIG', 'COMPOSE_PROJECT_NAME'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
