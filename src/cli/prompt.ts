import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { CliError } from './cli-error.js';

/** Asks for one line on the terminal; without one, takes the next line of stdin. */
export async function ask(question: string): Promise<string> {
  return readLine(question, process.stderr);
}

/** Like `ask`, but what is typed does not show. */
export async function askSecret(question: string): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const answer = await readLine('', nowhere);
  if (process.stdin.isTTY) process.stderr.write('\n');
  return answer;
}

/** All of a stdin that is no terminal, without its last line end: a key file has many lines. Undefined on a terminal. */
export async function everythingPiped(): Promise<string | undefined> {
  if (process.stdin.isTTY) return undefined;
  const given = (await text(process.stdin)).replace(/\r?\n$/, '');
  if (given === '') throw new CliError('Nothing to read on stdin.');
  return given;
}

/** Lines of a stdin that is no terminal, read once: readline keeps what it has read beyond a line. */
let piped: AsyncIterator<string> | undefined;

async function readLine(question: string, output: NodeJS.WritableStream): Promise<string> {
  if (!process.stdin.isTTY) {
    piped ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
    const next = await piped.next();
    if (next.done === true) throw new CliError('Nothing to read on stdin.');
    return next.value;
  }
  const terminal = createInterface({ input: process.stdin, output, terminal: true });
  try {
    return await new Promise((resolve, reject) => {
      terminal.once('close', () => reject(new CliError('Interrupted.', 130)));
      terminal.once('SIGINT', () => terminal.close());
      void terminal.question(question).then(resolve);
    });
  } finally {
    terminal.removeAllListeners('close');
    terminal.close();
  }
}
