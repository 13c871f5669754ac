import { type ChildProcess, spawn } from 'node:child_process';
import { type Readable } from 'node:stream';
import {
  type JSONRPCMessage,
  ReadBuffer,
  serializeMessage,
  type Transport,
} from '@modelcontextprotocol/client';
import { childMarker } from './orphans.js';

/** A program of MCP_SERVERS_FILE. */
export interface StdioCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface StdioTransportOptions extends StdioCommand {
  /** The whole environment of the child but for what the command's own `env` adds. */
  readonly baseEnv: Readonly<Record<string, string>>;
  /** Lines that the child writes to stderr, cut and not too many. */
  readonly onLine: (line: string) => void;
}

const MAX_MESSAGE_BYTES = 16 << 20;
const MAX_LINE = 1_000;
const MAX_LINES_A_MINUTE = 60;
/** The specification's order: end of input, SIGTERM, SIGKILL (MCP, lifecycle, shutdown). */
const EXIT_MS = 1_000;
const TERM_MS = 2_000;

/**
 * An MCP server as a child process: no shell, an environment of its own, a process group of its own that is killed as a
 * whole, so that what the child started ends with it. `pid` and `stderr` tell the SDK that this is a pipe.
 */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport['onmessage'];
  readonly stderr = null;
  private child?: ChildProcess;
  private exited?: Promise<void>;
  private closed = false;
  private readonly buffer = new ReadBuffer({ maxBufferSize: MAX_MESSAGE_BYTES });

  constructor(private readonly options: StdioTransportOptions) {}

  get pid(): number | null {
    return this.child?.pid ?? null;
  }

  async start(): Promise<void> {
    const { command, args, cwd, env, baseEnv } = this.options;
    const child = spawn(command, [...args], {
      cwd,
      env: { ...baseEnv, ...env, ...childMarker() },
      shell: false,
      detached: true,
      windowsHide: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child = child;
    this.exited = new Promise((resolve) => {
      child.once('exit', () => {
        this.killGroup('SIGKILL');
        resolve();
        this.finish();
      });
      child.once('error', () => resolve());
    });
    child.stdin.on('error', (error) => this.onerror?.(error));
    child.stdout.on('error', (error) => this.onerror?.(error));
    child.stdout.on('data', (chunk: Buffer) => this.read(chunk));
    boundedLines(child.stderr, this.options.onLine);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => {
        this.finish();
        reject(error);
      });
    });
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.child?.stdin;
    if (this.closed || !stdin?.writable) throw new Error('The process has ended');
    await new Promise<void>((resolve, reject) => {
      stdin.write(serializeMessage(message), (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Ends the child and everything in its group; resolves when the child is gone. */
  async close(): Promise<void> {
    const { child, exited } = this;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null)
      return this.finish();
    child.stdin?.end();
    const terminate = setTimeout(() => this.killGroup('SIGTERM'), EXIT_MS);
    const kill = setTimeout(() => this.killGroup('SIGKILL'), TERM_MS);
    await exited;
    clearTimeout(terminate);
    clearTimeout(kill);
    this.finish();
  }

  /** For the end of this process, when nothing can be waited for. */
  killNow(): void {
    this.killGroup('SIGKILL');
  }

  private read(chunk: Buffer): void {
    try {
      this.buffer.append(chunk);
      for (let message = this.buffer.readMessage(); message !== null; message = this.buffer.readMessage())
        this.onmessage?.(message);
    } catch (error) {
      // Broken JSON or a message without end: what follows on this pipe cannot be trusted.
      this.onerror?.(error as Error);
      this.killGroup('SIGKILL');
    }
  }

  private killGroup(signal: NodeJS.Signals): void {
    const pid = this.child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // Nobody is left in the group.
    }
  }

  private finish(): void {
    if (this.closed) return;
    this.closed = true;
    this.buffer.clear();
    this.onclose?.();
  }
}

/** Hands a stream on line by line; a chatty program is cut, not followed. */
function boundedLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  let [count, since] = [0, Date.now()];
  stream.setEncoding('utf8');
  stream.on('error', () => undefined);
  stream.on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n');
    rest = (lines.pop() ?? '').slice(-MAX_LINE);
    if (Date.now() - since > 60_000) [count, since] = [0, Date.now()];
    for (const line of lines) {
      count += 1;
      if (count <= MAX_LINES_A_MINUTE) onLine(line.slice(0, MAX_LINE));
    }
  });
}
