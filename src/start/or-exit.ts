import { exitCodeOf, explain } from './start-error.js';

/** A start that cannot go on ends with one clear message and its documented exit code, never with a stack. */
export async function orExit<T>(step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    process.stderr.write(`mcp-server: ${explain(error)}\n`);
    process.exit(exitCodeOf(error));
  }
}
