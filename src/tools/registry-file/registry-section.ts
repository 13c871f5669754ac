import { type Actor } from '../../common/actor.js';
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
  /** What has to come in before later sections are applied, e.g. the tools of a server. Gives warnings, never throws. */
  readonly settle?: (signal: AbortSignal) => Promise<readonly string[]>;
  /** Of what is `missing`: looks again, once the sections before it are applied. */
  readonly again?: () => Promise<PlannedChange>;
}

/**
 * A member of the registry's file, e.g. `tools` or `mcpServers`. Any provider of any module that extends this class
 * joins `GET /api/v1/tools/export` and `POST /api/v1/tools/import`.
 */
export abstract class RegistrySection {
  /** The file's member: a list of entries, each with a name. */
  abstract readonly name: string;

  /** Lower ones are applied first: a tool may need a server, its settings the tool. */
  readonly order: number = 0;

  /** The section as an admin wrote it, by name. */
  abstract export(actor: Actor): Promise<readonly FileEntry[]>;

  /**
   * What has to be done so that the section is as the entries say; an entry that is there already is `unchanged`.
   * One change for each entry, in their order, then, with `prune`, what the file does not name as `removed`. Changes
   * nothing itself and throws nothing for a bad entry.
   */
  abstract plan(
    actor: Actor,
    entries: readonly unknown[],
    options: { readonly prune: boolean },
  ): Promise<readonly PlannedChange[]>;
}
