// The worker thread of yamlToJson: parses YAML, where a text that was made to be slow can block nothing.
// @ts-check
import { parentPort, workerData } from 'node:worker_threads';
import { parse } from 'yaml';

/** @type {{ json?: string, problem?: string }} */
let answer;
try {
  /** @type {{ text: string, maxAliases: number, maxLength: number }} */
  // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- what yamlToJson gives, typed one line above
  const input = workerData;
  // As JSON: what an alias repeats is counted, what contains itself is refused.
  const json = JSON.stringify(
    parse(input.text, { maxAliasCount: input.maxAliases, schema: 'core', merge: true, logLevel: 'error' }),
  );
  answer = json.length > input.maxLength ? { problem: 'its aliases make it too large' } : { json };
} catch (error) {
  answer = { problem: error instanceof Error ? explain(error.message) : 'it cannot be read' };
}

/**
 * The first line, without what speaks to programmers.
 * @param {string} message
 */
function explain(message) {
  const [line = ''] = message.split('\n');
  return line
    .replace(
      /Source contains multiple documents;.*? at/,
      'it holds several YAML documents; give one, the second begins at',
    )
    .replace(/:$/, '');
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage(answer);
