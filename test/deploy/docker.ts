import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe } from '@jest/globals';

const exec = promisify(execFile);

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Tests that need the engine: counted as skipped where it cannot start, and only there (scripts/test-deploy.mjs). */
export function describeWithEngine(title: string, suite: () => void): void {
  const hasEngine = process.env.ENGINE_MISSING === undefined;
  const run = hasEngine ? describe : describe.skip;
  run(hasEngine ? title : `${title} (no container engine here)`, suite);
}

/** Runs docker and gives what came out; a failure is the caller's to judge. */
export async function tryDocker(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
) {
  try {
    const { stdout, stderr } = await exec('docker', args, {
      ...options,
      env: { ...process.env, ...options.env },
      maxBuffer: 64 << 20,
    });
    return { code: 0, stdout, stderr } satisfies Outcome;
  } catch (error) {
    const { code, stdout, stderr } = error as Outcome;
    if (typeof code !== 'number') throw error;
    return { code, stdout, stderr } satisfies Outcome;
  }
}

/** Runs docker and gives its standard output, without the last newline. A failure throws what docker said. */
export async function docker(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const { code, stdout, stderr } = await tryDocker(args, options);
  if (code !== 0)
    throw new Error(
      `docker ${args.join(' ')} ended with ${code}:\n${stderr.slice(-4000)}${stdout.slice(-1000)}`,
    );
  return stdout.replace(/\n$/, '');
}

/** What `docker inspect` tells of an image or container. Untyped: a wrong shape fails the assertion on it. */
export async function inspect(name: string) {
  return JSON.parse(await docker(['inspect', name]))[0];
}
