import { valueAt } from '../http/json-pointer.js';

export type Node = Readonly<Record<string, unknown>>;

/** An OpenAPI document as far as it was looked at; everything inside is checked where it is used. */
export interface Document {
  readonly openapi: string;
  readonly paths: Node;
  readonly servers?: unknown;
  readonly security?: unknown;
  readonly components?: unknown;
}

/** Why something of a document cannot become a tool. The message is shown to the admin who imports. */
export class Unsupported extends Error {}

const MAX_HOPS = 20;

export function isRecord(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function recordsOf(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** A text of a document; empty for whatever is none. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** What a node is after its `$ref`s, which must stay inside the document. Throws Unsupported. [S53] */
export function dereference(document: Document, node: unknown): Node {
  let value = node;
  for (let hop = 0; hop < MAX_HOPS; hop += 1) {
    if (!isRecord(value)) throw new Unsupported('a part that it refers to is missing');
    if (typeof value.$ref !== 'string') return value;
    value = valueAt(document, pointerOf(value.$ref));
  }
  throw new Unsupported('it has a $ref that leads in a circle');
}

/** The JSON Pointer of a local `$ref`. */
export function pointerOf(reference: string): string {
  if (!reference.startsWith('#/'))
    throw new Unsupported('it has a $ref that leaves the document; only "#/…" is followed');
  try {
    return decodeURIComponent(reference.slice(1));
  } catch {
    throw new Unsupported('it has a $ref that is not a JSON Pointer');
  }
}
