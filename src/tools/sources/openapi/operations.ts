import { createHash } from 'node:crypto';
import { allowsTool } from '../../allow-list.js';
import { dereference, type Document, isRecord, type Node, textOf, Unsupported } from './references.js';

const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete'] as const;
const OTHER_METHODS = ['options', 'trace'];
const MAX_NAME = 64;

/** One operation of a document. */
export interface Operation {
  /** `GET /pets/{petId}` */
  readonly label: string;
  /** Of the tool. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly spec: Node;
  /** What the operation shares with the others of its path. */
  readonly shared: Node;
}

export interface Choice {
  readonly prefix?: string;
  /** Globs of tool names, operationIds, `GET /pets/*` or `tag:pets`. Without it everything is taken. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

/** The operations that a choice takes, each with a name of its own, and those that no tool can be. */
export function operationsOf(
  document: Document,
  { prefix = '', include, exclude = [] }: Choice,
): { operations: Operation[]; refused: { operation: string; reason: string }[] } {
  const operations: Operation[] = [];
  const refused: { operation: string; reason: string }[] = [];
  const names = new Set<string>();
  for (const [path, item] of Object.entries(document.paths)) {
    if (!isRecord(item)) continue;
    const shared = itemOf(document, item);
    if (typeof shared === 'string') {
      refused.push({ operation: path, reason: shared });
      continue;
    }
    for (const method of OTHER_METHODS)
      if (isRecord(shared[method]))
        refused.push({ operation: `${method.toUpperCase()} ${path}`, reason: 'its method cannot be a tool' });
    for (const method of METHODS) {
      const spec = shared[method];
      if (!isRecord(spec)) continue;
      const label = `${method.toUpperCase()} ${path}`;
      const name = nameOf(prefix, spec, label, names);
      const titles = [name, label, textOf(spec.operationId), ...tagsOf(spec)];
      const isNamed = (globs: readonly string[]) => titles.some((title) => allowsTool(globs, title));
      if ((include !== undefined && !isNamed(include)) || isNamed(exclude)) continue;
      names.add(name);
      operations.push({ label, name, method: method.toUpperCase(), path, spec, shared });
    }
  }
  return { operations, refused };
}

/** A path item may stand elsewhere in the document (`$ref`). Gives why it cannot be followed. */
function itemOf(document: Document, item: Node): Node | string {
  try {
    return dereference(document, item);
  } catch (error) {
    if (error instanceof Unsupported) return error.message;
    throw error;
  }
}

function tagsOf({ tags }: Node): string[] {
  return Array.isArray(tags) ? tags.map((tag) => `tag:${String(tag)}`) : [];
}

/** operationId, else method and path. What is too long or taken ends in a hash of the operation: always the same. */
function nameOf(prefix: string, { operationId }: Node, label: string, taken: ReadonlySet<string>): string {
  const base = typeof operationId === 'string' && operationId !== '' ? operationId : label.toLowerCase();
  const name = `${prefix}${base}`.replace(/[^A-Za-z0-9_-]+/g, '_').replace(/^_+|_+$/g, '') || 'operation';
  if (name.length <= MAX_NAME && !taken.has(name)) return name;
  return `${name.slice(0, 55)}_${createHash('sha256').update(label).digest('hex').slice(0, 8)}`;
}
