import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Tools that tests of the doors call, written into a folder for EXTENSIONS_DIR. */
const TOOLS: Readonly<Record<string, string>> = {
  echo: `{ name: 'echo', title: 'Echo', description: 'Gives the text back',
    input: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'], additionalProperties: false },
    annotations: { readOnlyHint: true },
    run: async ({ text }) => { await new Promise((done) => setTimeout(done, Math.random() * 20)); return { content: [{ type: 'text', text }] }; } }`,
  fails: `{ name: 'fails', title: 'Fails', description: 'Always fails', input: { type: 'object', properties: {} },
    annotations: { readOnlyHint: true },
    run: () => { throw new Error('secret /etc/passwd select * from users'); } }`,
  steps: `{ name: 'steps', title: 'Steps', description: 'Reports progress', input: { type: 'object', properties: {} },
    annotations: { readOnlyHint: true },
    run: (_args, { progress }) => { progress({ progress: 1, total: 2 }); progress({ progress: 2, total: 2 }); return { content: [{ type: 'text', text: 'done' }] }; } }`,
  waits: `{ name: 'waits', title: 'Waits', description: 'Waits until it is cancelled', input: { type: 'object', properties: {} },
    annotations: { readOnlyHint: true },
    run: (_args, { signal }) => new Promise((_, reject) => {
      globalThis.waitsStarted = (globalThis.waitsStarted ?? 0) + 1;
      signal.addEventListener('abort', () => { globalThis.waitsCancelled = (globalThis.waitsCancelled ?? 0) + 1; reject(signal.reason); });
    }) }`,
  confirm: `{ name: 'confirm', title: 'Confirm', description: 'Asks before it acts',
    input: { type: 'object', properties: { what: { type: 'string' } }, required: ['what'] },
    annotations: { readOnlyHint: true },
    run: async ({ what }, { client }) => {
      const { sure } = await client.ask({ sure: { method: 'elicitation/create', params: { mode: 'form', message: 'Sure?',
        requestedSchema: { type: 'object', properties: { yes: { type: 'boolean' } }, required: ['yes'] } } } });
      return { content: [{ type: 'text', text: what + ':' + sure.content?.yes }] };
    } }`,
  changes: `{ name: 'changes', title: 'Changes', description: 'Says that the tools changed', input: { type: 'object', properties: {} },
    annotations: { readOnlyHint: true },
    run: (_args, { client }) => { client.listChanged('tools'); return { content: [{ type: 'text', text: 'done' }] }; } }`,
};

export function writeFixtureTools(folder: string): string {
  const extensions = path.join(folder, 'extensions');
  mkdirSync(extensions, { recursive: true });
  for (const [name, source] of Object.entries(TOOLS))
    writeFileSync(path.join(extensions, `${name}.tool.mjs`), `export default ${source};\n`);
  return extensions;
}
