import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';

/**
 * Runs `work` while no other process of this machine runs it for the same `name`. The lock is a listening local
 * socket: the kernel frees it when its process dies, so there are no stale lock files. Throws after `waitMs`.
 */
export async function withMachineLock<T>(name: string, work: () => Promise<T>, waitMs = 60_000): Promise<T> {
  const address = socketAddress(name);
  const deadline = Date.now() + waitMs;
  let server: Server | undefined;
  while ((server = await tryListen(address)) === undefined) {
    if (Date.now() > deadline)
      throw new Error(`Another process has held the lock on ${name} for ${waitMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const held = server;
  try {
    return await work();
  } finally {
    await new Promise((resolve) => held.close(resolve));
  }
}

function socketAddress(name: string): string {
  const id = `mcp-server-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
  if (process.platform === 'linux') return `\0${id}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\${id}`;
  return path.join(tmpdir(), `${id}.sock`);
}

async function tryListen(address: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    server.once('error', resolve);
    server.listen(address, () => resolve(undefined));
  });
  if (error === undefined) return server;
  if (error.code !== 'EADDRINUSE') throw error;
  // A socket file (macOS, BSD) outlives a killed process; one that nobody answers on is free.
  if (path.isAbsolute(address) && process.platform !== 'win32' && !(await answers(address)))
    rmSync(address, { force: true });
  return undefined;
}

async function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
