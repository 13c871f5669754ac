import { mkdtempSync, rmSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { sweepOrphans } from '../../../src/tools/sources/mcp/client/orphans.js';
import { StdioTransport } from '../../../src/tools/sources/mcp/client/stdio-transport.js';
import { UpstreamClient } from '../../../src/tools/sources/mcp/client/upstream-client.js';
import { EVERYTHING_STDIO } from '../../support/everything-server.js';
import { processesOf, until } from '../../support/server-process.js';

jest.setTimeout(120_000);

const CYCLES = 200;
const AT_ONCE = 10;

/** A small MCP server that starts a program of its own, as wrappers such as npx do. */
const SMALL = `
  const child = require('node:child_process').spawn('sleep', ['1000'], { stdio: 'ignore' });
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method } = JSON.parse(line);
    const results = {
      initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } },
      'tools/list': { tools: [{ name: 'pid', inputSchema: { type: 'object' } }] },
    };
    const answer = results[method] ? { result: results[method] } : { error: { code: -32601, message: 'no' } };
    if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
  }).on('close', () => process.exit(0));`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'mcp-stdio-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const transportOf = (
  command: { command: string; args: string[] },
  onLine: (line: string) => void = () => undefined,
) =>
  new StdioTransport({
    ...command,
    env: { FOLDER: folder },
    baseEnv: { PATH: process.env.PATH ?? '' },
    onLine,
  });
const open = (transport: StdioTransport, onClose: () => void = () => undefined) =>
  UpstreamClient.open({
    transport,
    signal: new AbortController().signal,
    timeoutMs: 30_000,
    onToolsChanged: () => undefined,
    onClose,
  });

/** Connects, lists, and ends in one of three ways: in order, by a crash of the program, by force. */
async function cycle(index: number): Promise<void> {
  const transport = transportOf({ command: process.execPath, args: ['-e', SMALL] });
  let ended: () => void = () => undefined;
  const end = new Promise<void>((resolve) => (ended = resolve));
  const client = await open(transport, () => ended());
  expect(await client.listTools(new AbortController().signal, 10_000)).toHaveLength(1);
  if (index % 3 === 1) process.kill(transport.pid as number, 'SIGKILL');
  if (index % 3 === 2) transport.killNow();
  if (index % 3 !== 0) await end;
  await client.close();
}

describe('programs as upstreams', () => {
  it(`${CYCLES} connect and kill cycles leave no process`, async () => {
    let next = 0;
    const worker = async () => {
      while (next < CYCLES) await cycle((next += 1));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await until('no process is left', () => processesOf(folder).length === 0);
  });

  it('server-everything starts, answers and leaves nothing', async () => {
    const client = await open(transportOf(EVERYTHING_STDIO));
    expect((await client.listTools(new AbortController().signal, 10_000)).length).toBeGreaterThan(10);
    expect(client.info?.name).toContain('everything');
    await client.close();
    await until('no process is left', () => processesOf(folder).length === 0);
  });

  it('a program that does not exist, ends at once or says nothing is an error', async () => {
    await expect(open(transportOf({ command: path.join(folder, 'none'), args: [] }))).rejects.toThrow(/./);
    await expect(open(transportOf({ command: 'false', args: [] }))).rejects.toThrow(/./);
    const silent = transportOf({ command: 'sleep', args: ['1000'] });
    const opening = UpstreamClient.open({
      transport: silent,
      signal: AbortSignal.timeout(1_000),
      timeoutMs: 500,
      legacy: true,
      onToolsChanged: () => undefined,
      onClose: () => undefined,
    });
    await expect(opening).rejects.toThrow(/./);
    await until('no process is left', () => processesOf(folder).length === 0);
  });

  it('what it writes to stderr is cut', async () => {
    const lines: string[] = [];
    const script = `for (let i = 0; i < 5000; i += 1) console.error('x'.repeat(3000));${SMALL}`;
    const client = await open(
      transportOf({ command: process.execPath, args: ['-e', script] }, (line) => lines.push(line)),
    );
    await client.close();
    expect(lines).toHaveLength(60);
    expect(Math.max(...lines.map((line) => line.length))).toBe(1_000);
  });

  it('orphans of a server that was killed are ended by the next start, children of living ones are not', async () => {
    const mine = spawn('sleep', ['1000'], { env: { FOLDER: folder, MCP_SERVER_PARENT: '' } });
    const dead = spawn('sleep', ['1000'], { env: { FOLDER: folder, MCP_SERVER_PARENT: '999999999.1' } });
    const transport = transportOf({ command: process.execPath, args: ['-e', SMALL] });
    const client = await open(transport);
    await until('they run', () => processesOf(folder).length >= 4);
    expect(sweepOrphans()).toBeGreaterThanOrEqual(1);
    await until('the orphan is gone', () => dead.signalCode !== null);
    expect(await client.listTools(new AbortController().signal, 10_000)).toHaveLength(1);
    expect(mine.signalCode).toBeNull();
    await client.close();
    mine.kill();
    await until('no process is left', () => processesOf(folder).length === 0);
  });
});
