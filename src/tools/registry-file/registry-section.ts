import { type z } from 'zod';
import { type Actor } from '../../common/actor.js';
import { AppError } from '../../common/app-error.js';
import { fieldErrorsOf } from '../../common/field-errors.js';
import { type DefinitionChange } from '../schema/definition-diff.js';

/** One thing of a section as the file holds it. Never a secret's value: names of secrets only. */
export interface FileEntry {
  readonly name: string;
  readonly [member: string]: unknown;
}

/** What applying the file would do to one thing. */
export interface PlannedChange {
  readonly name: string;
  /** `missing`: what the entry speaks of is not here (yet). `refused`: the whole file is not applied. */
  readonly action: 'added' | 'changed' | 'removed' | 'unchanged' | 'missing' | 'refused';
  readonly changes?: readonly DefinitionChange[];
  /** Why it is refused or missing, with the member and the fix; or what comes with it. */
  readonly message?: string;
  /** What clients would drop, though it is fine otherwise. */
  readonly warnings?: readonly string[];
  /** Carries the change out. */
  readonly apply?: () => Promise<unknown>;
  /** What has to come in before later sections are applied, e.g. the tools of a server. Gives warnings. */
  readonly settle?: (signal: AbortSignal) => Promise<readonly string[]>;
  /** Of what is `missing`: looks again, once the sections before it are applied. */
  readonly again?: () => Promise<PlannedChange>;
}

/** What is here now, read once for all entries of a file. */
export interface Comparison<Entry> {
  /** What has to be done so that the registry is as the entry says. Changes nothing itself; may throw an AppError. */
  readonly plan: (entry: Entry) => Promise<PlannedChange> | PlannedChange;
  /** What `prune` may take away, by name: how it is done. */
  readonly removals?: ReadonlyMap<string, () => Promise<unknown>>;
}

/**
 * A member of the registry's file, e.g. `tools` or `mcpServers`. Any provider of any module that extends this class
 * joins `GET /api/v1/tools/export` and `POST /api/v1/tools/import`.
 */
export abstract class RegistrySection<Entry extends { readonly name: string } = { readonly name: string }> {
  /** The file's member: a list of entries, each with a name. */
  abstract readonly name: string;

  /** Lower ones are applied first: a tool may need a server, its settings the tool. */
  abstract readonly order: number;

  protected abstract readonly entry: z.ZodType<Entry>;

  /** The section as an admin wrote it, by name. */
  abstract export(actor: Actor): Promise<readonly FileEntry[]>;

  protected abstract compare(actor: Actor): Promise<Comparison<Entry>> | Comparison<Entry>;

  /**
   * One change for each entry, in their order, then, with `prune`, what the file does not name as `removed`. An entry
   * that is there already is `unchanged`. Changes nothing itself and throws nothing for a bad entry.
   */
  async plan(
    actor: Actor,
    entries: readonly unknown[],
    { prune }: { readonly prune: boolean },
  ): Promise<readonly PlannedChange[]> {
    const { plan, removals = new Map<string, never>() } = await this.compare(actor);
    const planned: PlannedChange[] = [];
    const named = new Set<string>();
    for (const entry of entries) {
      const name = nameOf(entry);
      const { data, error } = this.entry.safeParse(entry);
      if (error) planned.push({ name, action: 'refused', message: explain(error) });
      else if (named.has(name)) planned.push({ name, action: 'refused', message: 'the file names it twice' });
      else planned.push(await planOne(data, plan));
      named.add(name);
    }
    for (const [name, apply] of prune ? removals : [])
      if (!named.has(name)) planned.push({ name, action: 'removed', apply });
    return planned;
  }
}

async function planOne<Entry extends { readonly name: string }>(
  entry: Entry,
  plan: Comparison<Entry>['plan'],
): Promise<PlannedChange> {
  try {
    return await plan(entry);
  } catch (error) {
    return refusedBy(entry.name, error);
  }
}

/** What a service would refuse: the fields of its error, or what it says. What is not the entry's fault is thrown. */
export function refusedBy(name: string, error: unknown): PlannedChange {
  if (!(error instanceof AppError) || error.kind === 'internal') throw error;
  const fields = error.errors?.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return { name, action: 'refused', message: fields || error.message };
}

/** Names each member that is wrong. */
function explain({ issues }: z.ZodError): string {
  return fieldErrorsOf(issues)
    .slice(0, 5)
    .map(({ field, message }) => (field === '' ? message : `${field}: ${message}`))
    .join('; ');
}

function nameOf(entry: unknown): string {
  const name = (entry as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? name.slice(0, 64) : '(no name)';
}
