import { canonicalJson } from './canonical-json.js';
import { pointerPart } from './json-schema.js';

/** What to look at before a change is approved. */
export type Risk =
  | 'text_changed'
  | 'required_added'
  | 'parameter_added'
  | 'choice_added'
  | 'annotation_widened'
  | 'source_changed';

/** One difference between two definitions, at a JSON Pointer (RFC 6901). */
export interface DefinitionChange {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string;
  readonly from?: unknown;
  readonly to?: unknown;
  /** Null: it takes something away, or says the same in another way. */
  readonly risk: Risk | null;
}

const MAX_CHANGES = 500;

/** The differences that lead from one JSON value to another, without names twice; lists of texts are compared as sets. */
export function diff(from: unknown, to: unknown): DefinitionChange[] {
  const changes: DefinitionChange[] = [];
  compare(from, to, '', changes);
  return changes.slice(0, MAX_CHANGES);
}

function compare(from: unknown, to: unknown, path: string, changes: DefinitionChange[]): void {
  if (changes.length >= MAX_CHANGES) return;
  const add = (change: Omit<DefinitionChange, 'risk'>) => changes.push({ ...change, risk: riskOf(change) });
  if (from === undefined && to === undefined) return;
  if (from === undefined) add({ op: 'add', path, to });
  else if (to === undefined) add({ op: 'remove', path, from });
  else if (isObject(from) && isObject(to)) {
    for (const key of new Set([...Object.keys(from), ...Object.keys(to)]))
      compare(from[key], to[key], `${path}/${pointerPart(key)}`, changes);
  } else if (isTexts(from) && isTexts(to)) {
    for (const item of from) if (!to.includes(item)) add({ op: 'remove', path: `${path}/-`, from: item });
    for (const item of to) if (!from.includes(item)) add({ op: 'add', path: `${path}/-`, to: item });
  } else if (Array.isArray(from) && Array.isArray(to)) {
    for (let index = 0; index < Math.max(from.length, to.length); index += 1)
      compare(from[index], to[index], `${path}/${index}`, changes);
  } else if (canonicalJson(from) !== canonicalJson(to)) add({ op: 'replace', path, from, to });
}

function riskOf({ op, path, to }: Omit<DefinitionChange, 'risk'>): Risk | null {
  if (path.startsWith('/source')) return 'source_changed';
  if (path.startsWith('/annotations'))
    return isWider(path.slice('/annotations/'.length), to) ? 'annotation_widened' : null;
  if (op === 'remove') return null;
  if (/\/(description|title|\$comment)$/.test(path) && !/\/properties\/[^/]+$/.test(path))
    return 'text_changed';
  if (/\/required(\/-)?$/.test(path)) return 'required_added';
  if (op === 'add' && /\/properties\/[^/]+$/.test(path)) return 'parameter_added';
  if (/\/(enum|const|examples|default)(\/|$)/.test(path)) return 'choice_added';
  return null;
}

/** A promise taken back: it reads only, it may be repeated; or a danger admitted. */
function isWider(hint: string, to: unknown): boolean {
  return hint === 'readOnlyHint' || hint === 'idempotentHint' ? to !== true : to !== false;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
