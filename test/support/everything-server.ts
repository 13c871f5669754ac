import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { freePort } from './free-port.js';

const PROGRAM = path.join(
  path.dirname(
    createRequire(import.meta.url).resolve('@modelcontextprotocol/server-everything/package.json'),
  ),
  'dist/index.js',
);

/** The command that starts the official example server on stdio. */
export const EVERYTHING_STDIO = { command: process.execPath, args: [PROGRAM, 'stdio'] };

/** The official example server over Streamable HTTP, in a process of its own. */
export class EverythingServer {
  private child?: ChildProcess;

  private constructor(readonly port: number) {}

  static async start(): Promise<EverythingServer> {
    const server = new EverythingServer(await freePort());
    await server.restart();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/mcp`;
  }

  /** What EGRESS_ALLOW needs. */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  async restart(): Promise<void> {
    const child = spawn(process.execPath, [PROGRAM, 'streamableHttp'], {
      env: { PATH: process.env.PATH, PORT: String(this.port) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`It ended with ${code}`)));
      child.stderr.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('listening')) resolve();
      });
    });
  }

  /** As a crash: nothing is said to anybody. */
  async kill(): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
}
