import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestApp } from './test-app.js';

/** Tools that leave a trace of every call in a folder, and wait while a file `hold.*` is there. */
export class TracedTools {
  /** For EXTENSIONS_DIR. */
  readonly extensions: string;

  constructor(private readonly folder: string) {
    this.extensions = path.join(folder, 'extensions');
    mkdirSync(this.extensions, { recursive: true });
    // An effect that must not happen twice, but does no harm.
    const harmless = '{ destructiveHint: false, openWorldHint: false }';
    this.write('append_note', 'Append note', 'Appends a note to the ledger.', harmless);
    this.write(
      'lookup_word',
      'Look up word',
      'Looks a word up in the dictionary.',
      '{ readOnlyHint: true, openWorldHint: false }',
    );
  }

  /** Calls of a tool that began. */
  calls(tool: string): number {
    const file = path.join(this.folder, `${tool}.calls`);
    return existsSync(file) ? readFileSync(file, 'utf8').length : 0;
  }

  /** Lets calls wait: of every tool, or of one. */
  hold(tool = 'all'): void {
    writeFileSync(path.join(this.folder, `hold.${tool}`), '');
  }

  release(): void {
    for (const tool of ['all', 'append_note', 'lookup_word']) {
      rmSync(path.join(this.folder, `hold.${tool}`), { force: true });
    }
  }

  private write(name: string, title: string, description: string, annotations: string): void {
    writeFileSync(
      path.join(this.extensions, `${name}.tool.mjs`),
      `import { appendFileSync, existsSync } from 'node:fs';
      export default {
        name: '${name}', title: '${title}', description: '${description}', annotations: ${annotations},
        input: { type: 'object', properties: { text: { type: 'string', description: 'The text, in quotes.' } },
          required: ['text'], additionalProperties: false },
        async run({ text }, { signal }) {
          appendFileSync(${JSON.stringify(path.join(this.folder, `${name}.calls`))}, 'x');
          const held = ['all', '${name}'].map((which) => ${JSON.stringify(path.join(this.folder, 'hold.'))} + which);
          while (held.some((file) => existsSync(file))) {
            signal.throwIfAborted();
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
          return '${name} got ' + text;
        },
      };\n`,
    );
  }
}

/** Agents that use them: `clerk` by itself, `chief` by asking `clerk` and `librarian`. */
export async function makeAgents(server: Pick<TestApp, 'call'>, token: string): Promise<void> {
  const agents = [
    { name: 'clerk', description: 'Appends notes to the ledger.', tools: ['append_note'] },
    { name: 'librarian', description: 'Looks words up in the dictionary.', tools: ['lookup_word'] },
    { name: 'chief', description: 'Asks others.', subAgents: ['clerk', 'librarian'], pattern: 'supervisor' },
  ];
  for (const agent of agents) {
    const body = { title: agent.name, instructions: 'Use your tools.', ...agent };
    const answer = await server.call('POST', '/api/v1/agents', { token, body });
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  }
}
