import { Injectable } from '@nestjs/common';
import MiniSearch from 'minisearch';
import { ToolRegistry } from './tool-registry.service.js';
import { type ToolDefinition } from './tool.js';

interface Entry {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly parameters: string;
}

export interface FoundTool {
  readonly tool: ToolDefinition;
  /** Sorts as the results do: for page cursors. */
  readonly key: string;
}

const OPTIONS = { boost: { name: 4, title: 3, description: 1.5 }, prefix: true };
/** Some words are enough, and spelling is forgiven in longer ones. */
const LOOSE = { combineWith: 'OR' as const, fuzzy: (term: string) => (term.length > 5 ? 0.2 : false) };
const SCORE_DIGITS = 9;

/**
 * One index of all tools of this process, brought up to date when the registry's revision has changed. Who asks is told
 * only of tools that he may see.
 */
@Injectable()
export class ToolSearch {
  private readonly index = new MiniSearch<Entry>({
    idField: 'name',
    fields: ['name', 'title', 'description', 'parameters'],
    tokenize: words,
    searchOptions: OPTIONS,
  });
  /** Name and hash of the definition of what the index holds. */
  private readonly held = new Map<string, string>();
  private tools: ReadonlyMap<string, ToolDefinition> = new Map();
  private revision = '';

  constructor(private readonly registry: ToolRegistry) {}

  /**
   * Tools that hold (the beginnings of) all words of a text, best first. With `loose`, where there are none, tools that
   * hold some.
   */
  async find(
    text: string,
    admits: (tool: ToolDefinition) => boolean,
    { loose = false } = {},
  ): Promise<FoundTool[]> {
    const tools = await this.upToDate();
    const filter = ({ id }: { id: string }) => {
      const tool = tools.get(id);
      return tool !== undefined && admits(tool);
    };
    const all = this.index.search(text, { combineWith: 'AND', filter });
    const found = all.length > 0 || !loose ? all : this.index.search(text, { ...LOOSE, filter });
    return found
      .flatMap(({ id, score }) => {
        const tool = tools.get(id as string);
        return tool === undefined ? [] : [{ tool, key: keyOf(score, tool.name) }];
      })
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  private async upToDate(): Promise<ReadonlyMap<string, ToolDefinition>> {
    // Read first: a change between the two reads is noticed at the next search.
    const revision = await this.registry.revision();
    if (revision === this.revision) return this.tools;
    const all = await this.registry.all();
    this.tools = new Map(all.map(({ definition }) => [definition.name, definition]));
    this.follow(this.tools);
    this.revision = revision;
    return this.tools;
  }

  private follow(tools: ReadonlyMap<string, ToolDefinition>): void {
    for (const [name, hash] of this.held) {
      if (tools.get(name)?.definitionHash === hash) continue;
      this.index.discard(name);
      this.held.delete(name);
    }
    for (const tool of tools.values()) {
      if (this.held.has(tool.name)) continue;
      this.index.add(entryOf(tool));
      this.held.set(tool.name, tool.definitionHash);
    }
  }
}

/** Higher scores first, then names. */
function keyOf(score: number, name: string): string {
  const inverse = Math.max(0, 1e6 - score).toFixed(3);
  return `${inverse.padStart(SCORE_DIGITS + 4, '0')} ${name}`;
}

function entryOf({ name, title, description, inputSchema }: ToolDefinition): Entry {
  const properties = Object.entries((inputSchema.properties ?? {}) as Record<string, unknown>);
  const parameters = properties.map(([key, schema]) => {
    const text = (schema as { description?: unknown } | null)?.description;
    return typeof text === 'string' ? `${key} ${text}` : key;
  });
  return { name, title, description, parameters: parameters.join(' ') };
}

/** `git_log`, `gitLog` and `git-log` are two words. */
function words(text: string): string[] {
  return text.replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2').split(/[^\p{L}\p{N}]+/u);
}
