// The worker thread of DocumentReader: parses YAML, where a document that was made to be slow can block nothing.
// @ts-check
import { parentPort, workerData } from 'node:worker_threads';
import { parse } from 'yaml';

/** Aliases of one document; a few lines of them can stand for gigabytes. [S53] */
const MAX_ALIASES = 100;

/** @type {{ json?: string, problem?: string }} */
let answer;
try {
  /** @type {{ text: string, maxLength: number }} */
  // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- what DocumentReader gives, typed one line above
  const input = workerData;
  // As JSON: what an alias repeats is counted, what contains itself is refused.
  const json = JSON.stringify(
    parse(input.text, { maxAliasCount: MAX_ALIASES, schema: 'core', logLevel: 'error' }),
  );
  answer = json.length > input.maxLength ? { problem: 'its aliases make it too large' } : { json };
} catch (error) {
  answer = { problem: error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'it cannot be read' };
}
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage(answer);
