import { spawn } from 'node:child_process';
import path from 'node:path';
import { type Command } from 'commander';
import { PROJECT_DIR, serverEnvironment } from '../config/cli-env.js';

export function registerStart(program: Command): void {
  program
    .command('start')
    .description('start the server here; its tools may read this folder')
    .action(async () => {
      process.exitCode = await runProgram('dist/src/main.js');
    });
}

/** Runs a program of the build until it ends and returns its exit code. Signals are passed on. */
export async function runProgram(file: string): Promise<number> {
  const options = ['--enable-source-maps', '--max-semi-space-size=32'];
  const child = spawn(process.execPath, [...options, path.join(PROJECT_DIR, file)], {
    cwd: PROJECT_DIR,
    env: serverEnvironment(),
    stdio: 'inherit',
  });
  // Ctrl-C reaches the child by itself, as it is in the same process group; two signals would mean "at once".
  const ignore = () => undefined;
  const forward = () => child.kill('SIGTERM');
  process.on('SIGINT', ignore).on('SIGTERM', forward);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
    });
  } finally {
    process.off('SIGINT', ignore).off('SIGTERM', forward);
  }
}
