import { linearRegExp } from '../../schema/linear-regexp.js';
import { valueAt } from '../http/json-pointer.js';
import { type Document, isRecord, type Node, pointerOf, Unsupported } from './references.js';

const MAX_NODES = 1_500;
const MAX_DESCRIPTION = 1_000;
const TYPES = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']);
const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;
const isNumber = (value: unknown) => typeof value === 'number';
const isText = (value: unknown) => typeof value === 'string';

/** Keywords that keep their value, and what it must be; with another value they are dropped. */
const PLAIN: Readonly<Record<string, (value: unknown) => boolean>> = {
  title: isText,
  format: isText,
  minimum: isNumber,
  maximum: isNumber,
  exclusiveMinimum: isNumber,
  exclusiveMaximum: isNumber,
  multipleOf: (value) => isNumber(value) && value > 0,
  minLength: isCount,
  maxLength: isCount,
  minItems: isCount,
  maxItems: isCount,
  minProperties: isCount,
  maxProperties: isCount,
  uniqueItems: (value) => typeof value === 'boolean',
  const: () => true,
  enum: (value) => Array.isArray(value) && value.length > 0 && value.length <= 500,
  pattern: (value) => isText(value) && isLinear(value),
};
const ONE_SCHEMA = new Set(['items', 'additionalProperties', 'not', 'contains', 'propertyNames']);
const SCHEMA_LISTS = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems']);

/**
 * Makes JSON Schema 2020-12 of the schemas of one operation (OpenAPI 3.0 and 3.1). What they refer to lands once under
 * `$defs`, so that circles stay finite. Members that only the other direction may have are left out.
 */
export class SchemaConverter {
  private readonly names = new Map<string, string>();
  private readonly defs: Record<string, unknown> = {};
  private nodes = 0;

  constructor(
    private readonly document: Document,
    private readonly direction: 'input' | 'output',
  ) {}

  /** Throws Unsupported. */
  convert(schema: unknown): Node {
    const converted = this.schema(schema);
    return isRecord(converted) ? converted : {};
  }

  /** `$defs` of everything that was converted, as a member to spread; nothing when nothing is referred to. */
  definitions(): { $defs?: Node } {
    for (let done = new Set<string>(); ;) {
      const open = [...this.names].filter(([pointer]) => !done.has(pointer));
      if (open.length === 0) return this.names.size === 0 ? {} : { $defs: this.defs };
      for (const [pointer, name] of open) {
        done = done.add(pointer);
        this.defs[name] ??= this.schema(valueAt(this.document, pointer));
      }
    }
  }

  private schema(given: unknown): unknown {
    if (typeof given === 'boolean') return given;
    if (!isRecord(given)) return {};
    this.nodes += 1;
    if (this.nodes > MAX_NODES) throw new Unsupported('its schemas have too many parts');
    if (typeof given.$ref === 'string') return { $ref: `#/$defs/${this.nameOf(given.$ref)}` };
    const out: Record<string, unknown> = {};
    for (const [keyword, value] of Object.entries(given)) this.keyword(out, keyword, value);
    this.describe(out, given);
    this.members(out, given);
    return this.nullable(bounds(out, given), given);
  }

  private keyword(out: Record<string, unknown>, keyword: string, value: unknown): void {
    if (PLAIN[keyword]?.(value)) out[keyword] = keyword === 'enum' ? unique(value as unknown[]) : value;
    else if (keyword === 'type') {
      const types = (Array.isArray(value) ? value : [value]).filter((type) => TYPES.has(type as string));
      if (types.length > 0) out.type = types.length === 1 ? types[0] : unique(types);
    } else if (ONE_SCHEMA.has(keyword) && (isRecord(value) || typeof value === 'boolean'))
      out[keyword] = this.schema(value);
    else if (SCHEMA_LISTS.has(keyword) && Array.isArray(value) && value.length > 0)
      out[keyword] = value.map((item) => this.schema(item));
    else if (keyword === 'patternProperties' && isRecord(value))
      out[keyword] = Object.fromEntries(
        Object.entries(value)
          .filter(([pattern]) => isLinear(pattern))
          .map(([pattern, item]) => [pattern, this.schema(item)]),
      );
  }

  private describe(out: Record<string, unknown>, { description, default: standard }: Node): void {
    const text = typeof description === 'string' ? cut(description.trim(), MAX_DESCRIPTION) : '';
    // A default is told and not filled in: whether it is sent is the server's matter.
    const note = standard === undefined ? '' : ` Default: ${cut(JSON.stringify(standard), 100)}.`;
    if (text + note !== '') out.description = `${text}${note}`.trim();
  }

  private members(out: Record<string, unknown>, given: Node): void {
    if (!isRecord(given.properties)) return;
    const members = Object.entries(given.properties).filter(([, member]) => !this.isOtherDirection(member));
    out.properties = Object.fromEntries(members.map(([name, member]) => [name, this.schema(member)]));
    const names = new Set(members.map(([name]) => name));
    if (!Array.isArray(given.required)) return;
    const required = unique(given.required.filter((name) => names.has(name as string)));
    if (required.length > 0) out.required = required;
  }

  private isOtherDirection(member: unknown): boolean {
    return isRecord(member) && member[this.direction === 'input' ? 'readOnly' : 'writeOnly'] === true;
  }

  private nullable(out: Record<string, unknown>, { nullable }: Node): unknown {
    if (nullable !== true) return out;
    if (Array.isArray(out.enum) && !out.enum.includes(null)) out.enum = [...(out.enum as unknown[]), null];
    if (typeof out.type === 'string') return { ...out, type: [out.type, 'null'] };
    if (Array.isArray(out.type)) return { ...out, type: unique([...(out.type as unknown[]), 'null']) };
    return Object.keys(out).length === 0 ? out : { anyOf: [out, { type: 'null' }] };
  }

  private nameOf(reference: string): string {
    const pointer = pointerOf(reference);
    const known = this.names.get(pointer);
    if (known !== undefined) return known;
    if (valueAt(this.document, pointer) === undefined)
      throw new Unsupported(`a schema that it refers to is missing (${cut(reference, 100)})`);
    const base = (pointer.split('/').at(-1) ?? '').replace(/[^A-Za-z0-9_.-]/g, '_') || 'schema';
    const taken = new Set(this.names.values());
    let name = base;
    for (let n = 2; taken.has(name); n += 1) name = `${base}_${n}`;
    this.names.set(pointer, name);
    return name;
  }
}

/** OpenAPI 3.0 writes an exclusive bound as `minimum` with `exclusiveMinimum: true`. */
function bounds(out: Record<string, unknown>, given: Node): Record<string, unknown> {
  for (const [flag, bound] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const)
    if (given[flag] === true && isNumber(out[bound])) {
      out[flag] = out[bound];
      delete out[bound];
    }
  return out;
}

function unique(values: readonly unknown[]): unknown[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

function isLinear(pattern: string): boolean {
  try {
    linearRegExp(pattern);
    return true;
  } catch {
    return false;
  }
}

/** Cuts at a length in bytes that fits `max` characters of any script. */
export function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1).toWellFormed()}…`;
}
