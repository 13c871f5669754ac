import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Tools of every degree of harm, which write down each call that is really made. For EXTENSIONS_DIR. */
export class GatedTools {
  readonly extensions: string;
  private readonly trace: string;

  constructor(folder: string) {
    this.extensions = path.join(folder, 'extensions');
    this.trace = path.join(folder, 'calls.jsonl');
    mkdirSync(this.extensions, { recursive: true });
    this.write('look', '{ readOnlyHint: true, openWorldHint: false }');
    this.write('note', '{ destructiveHint: false, openWorldHint: false }');
    this.write('wipe', '{ destructiveHint: true, openWorldHint: false }');
    this.write('unknown', '{}');
    this.write('browse', '{ readOnlyHint: true, openWorldHint: true }');
    this.write('send', '{ destructiveHint: false, openWorldHint: true }');
  }

  /** Gives a tool another description, and so another definition. */
  change(name: string, annotations: string): void {
    // Jest keeps the text of a file that it imported once (Node does not): the new text gets a new file.
    rmSync(path.join(this.extensions, `${name}.tool.mjs`));
    this.write(name, annotations, 'Now it does something else.', `${name}-changed`);
  }

  /** Makes the next call kill its process, before or after its effect. */
  killAt(when: 'before' | 'after' | undefined): void {
    for (const file of ['before', 'after']) rmSync(`${this.trace}.${file}`, { force: true });
    if (when !== undefined) writeFileSync(`${this.trace}.${when}`, '');
  }

  private write(name: string, annotations: string, description = `The tool ${name}.`, file = name): void {
    writeFileSync(
      path.join(this.extensions, `${file}.tool.mjs`),
      `import { appendFileSync, existsSync } from 'node:fs';
      const killAt = (when) => existsSync(${JSON.stringify(this.trace)} + '.' + when) && process.kill(process.pid, 'SIGKILL');
      export default {
        name: '${name}', description: ${JSON.stringify(description)}, annotations: ${annotations},
        input: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'], additionalProperties: false },
        run: ({ text }) => {
          killAt('before');
          appendFileSync(${JSON.stringify(this.trace)}, JSON.stringify({ tool: '${name}', text }) + '\\n');
          killAt('after');
          return '${name} did ' + text;
        },
      };\n`,
    );
  }

  /** What was really done with this text, e.g. ['wipe']. */
  done(text: string): string[] {
    if (!existsSync(this.trace)) return [];
    return readFileSync(this.trace, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { tool: string; text: string })
      .filter((call) => call.text === text)
      .map((call) => call.tool);
  }
}
