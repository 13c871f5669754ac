// The worker thread of SchemaProbe: compiles schemas that nobody has compiled yet, where that can block nothing.
// @ts-check
import { parentPort } from 'node:worker_threads';
import { SchemaCompiler } from './ajv.js';

const compiler = new SchemaCompiler({ useDefaults: true });
/** The checks of one value of each type: a schema that doubles with each reference shows here. */
const SAMPLES = ['{}', '[]', '""', '0', 'true', 'null'];

/** @param {Readonly<Record<string, unknown>>} schema */
function probe(schema) {
  try {
    const { check, codeBytes } = compiler.compile(schema);
    for (const sample of SAMPLES) check(JSON.parse(sample));
    return { codeBytes };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : 'it cannot be compiled' };
  }
}

// The first compilation is slow (the engine warms up); nobody's schema shall pay for it.
probe({ type: 'object', properties: { a: { type: 'string', pattern: '^a+$', enum: ['a'] } } });
parentPort?.on('message', (/** @type {Readonly<Record<string, unknown>>} */ schema) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(probe(schema));
});
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage('ready');
