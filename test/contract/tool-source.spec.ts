import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startTestApp } from '../support/test-app.js';
import { toolSourceContract } from './tool-source.js';

const counter = globalThis as { hangingTools?: number };

const TOOLS = {
  greet: `{ name: 'greet', description: 'Greets someone.',
    input: { type: 'object', properties: { who: { type: 'string' } }, required: ['who'], additionalProperties: false },
    run: ({ who }) => 'Hello ' + who }`,
  hang: `{ name: 'hang', description: 'Waits for ever.', input: { type: 'object', properties: {} },
    run: (_args, { signal }) => new Promise((_, reject) => {
      globalThis.hangingTools = (globalThis.hangingTools ?? 0) + 1;
      signal.addEventListener('abort', () => { globalThis.hangingTools -= 1; reject(signal.reason); });
    }) }`,
  fail: `{ name: 'fail', description: 'Fails.', input: { type: 'object', properties: {} },
    run: () => { throw new Error('canary select * from users'); } }`,
  long: `{ name: 'long', description: 'Says much.', input: { type: 'object', properties: {} },
    run: () => 'x'.repeat(10_000) }`,
};

toolSourceContract('code', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-tools-'));
  for (const [name, text] of Object.entries(TOOLS))
    writeFileSync(path.join(folder, `${name}.tool.mjs`), `export default ${text};\n`);
  return {
    server: await startTestApp({ EXTENSIONS_DIR: folder }),
    tool: 'greet',
    arguments: { who: 'Ada' },
    answer: 'Hello Ada',
    wrongArguments: { whom: 'Ada' },
    hanging: { tool: 'hang', arguments: {}, isRunning: () => (counter.hangingTools ?? 0) > 0 },
    failing: { tool: 'fail', arguments: {}, hidden: 'canary' },
    large: { tool: 'long', arguments: {} },
  };
});
