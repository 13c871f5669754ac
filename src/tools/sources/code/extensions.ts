import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '../../../common/app-error.js';
import { ENV, type Env } from '../../../config/env.js';
import { SchemaValidator } from '../../schema/validator.js';
import { type SourceProblem } from '../tool-source.js';
import { type LoadedTool, loadTool } from './code-tool.js';

const IMPORT_MS = 10_000;
const MAX_FILES = 2_000;

export interface LoadedExtensions {
  readonly loaded: readonly LoadedTool[];
  readonly problems: readonly SourceProblem[];
}

/**
 * The operator's own tools: `EXTENSIONS_DIR/*.tool.mjs`, each with a tool as its default export. They run in this
 * process with full trust. A broken one is reported and skipped; it never stops the start or the others.
 */
@Injectable()
export class Extensions {
  private readonly folder: string;
  private loads = 0;

  constructor(@Inject(ENV) env: Env) {
    this.folder = path.resolve(env.EXTENSIONS_DIR);
  }

  /** Reads all files again. `taken` are names of tools that an extension must not replace. */
  async load(taken: ReadonlyMap<string, unknown>): Promise<LoadedExtensions> {
    this.loads += 1;
    const loaded = new Map<string, { tool: LoadedTool; file: string }>();
    const problems: SourceProblem[] = [];
    for (const file of await this.files()) {
      try {
        const tool = loadTool(await this.importFile(file), { type: 'extension', file });
        const { name, inputSchema, outputSchema } = tool.offer.contract;
        compile(name, inputSchema, outputSchema);
        const other = loaded.get(name)?.file;
        if (taken.has(name)) throw new Error(`the name "${name}" belongs to a built-in tool; choose another`);
        if (other !== undefined) throw new Error(`the name "${name}" is taken by ${other}; choose another`);
        loaded.set(name, { tool, file });
      } catch (error) {
        problems.push({ file, message: explain(error) });
      }
    }
    return { loaded: [...loaded.values()].map(({ tool }) => tool), problems };
  }

  private async files(): Promise<string[]> {
    try {
      const names = await readdir(this.folder);
      return names
        .filter((name) => name.endsWith('.tool.mjs'))
        .sort()
        .slice(0, MAX_FILES);
    } catch {
      return []; // no folder, no extensions
    }
  }

  /** Imports a file past Node's module cache. A file that never finishes loading is given up. */
  private async importFile(file: string): Promise<unknown> {
    const location = path.join(this.folder, file);
    const { mtimeMs } = await stat(location);
    const imported = import(`${pathToFileURL(location).href}?v=${Math.round(mtimeMs)}-${this.loads}`);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(new Error('it did not finish loading within 10 s; remove the top-level await that hangs')),
        IMPORT_MS,
      );
    });
    try {
      const module = (await Promise.race([imported, late])) as { default?: unknown };
      if (module.default === undefined)
        throw new Error('it has no default export; write  export default { name, description, input, run }');
      return module.default;
    } finally {
      clearTimeout(timer);
    }
  }
}

function compile(name: string, ...schemas: unknown[]): void {
  const validator = new SchemaValidator({ useDefaults: false });
  schemas.forEach((schema, index) => {
    if (schema !== undefined) validator.compile(`${name}/${index}`, schema as never);
  });
}

/** The operator wrote the file: its own error text helps him, a stack does not. */
function explain(error: unknown): string {
  if (error instanceof AppError) return error.message;
  if (error instanceof SyntaxError) return `syntax error: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
