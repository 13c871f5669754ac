import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { parse, stringify } from 'yaml';
import { AuditLog } from '../../audit/audit-log.service.js';
import { requireScopes } from '../../common/access.js';
import { type Actor } from '../../common/actor.js';
import { AppError } from '../../common/app-error.js';
import { checkJson } from '../../platform/http/json-body.js';
import { type ImportRequest, type ImportResult } from './registry-file.dto.js';
import { RegistryFileErrors } from './registry-file.errors.js';
import { type PlannedChange, RegistrySection } from './registry-section.js';

type Summary = ImportResult['summary'];
type SectionChange = PlannedChange & { readonly section: string };

const VERSION = 1;
/** YAML aliases repeat what they name; a few are enough for a person, many are a bomb. */
const MAX_ALIASES = 20;

/** The whole registry as one file, for version control: export, compare, apply. */
@Injectable()
export class RegistryFile {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly audit: AuditLog,
  ) {}

  /** The file as text. */
  async export(actor: Actor, format: 'yaml' | 'json'): Promise<string> {
    requireScopes(actor, 'tools:manage');
    const file: Record<string, unknown> = { version: VERSION };
    for (const section of this.sections()) file[section.name] = await section.export(actor);
    return format === 'json'
      ? `${JSON.stringify(file, null, 2)}\n`
      : stringify(file, { aliasDuplicateObjects: false });
  }

  /**
   * Makes the registry as the file says and tells what changed; a second time nothing does. With `dryRun`, and while
   * any entry is refused, nothing is changed. Throws `invalid_registry_file`.
   */
  async import(actor: Actor, { document, dryRun, prune }: ImportRequest): Promise<ImportResult> {
    requireScopes(actor, 'tools:manage');
    const file = read(document);
    const sections = this.sections();
    const known = new Set(['version', ...sections.map(({ name }) => name)]);
    const unknown = Object.keys(file).filter((name) => !known.has(name));
    if (file.version !== VERSION || unknown.length > 0)
      throw RegistryFileErrors.invalid_registry_file(
        unknown.length > 0
          ? `The file has members that are not known: ${unknown.slice(0, 5).join(', ')}. Known are ${[...known].join(', ')}.`
          : undefined,
      );
    const planned: SectionChange[] = [];
    for (const section of sections) {
      const entries = file[section.name];
      if (entries === undefined) continue;
      if (!Array.isArray(entries))
        throw RegistryFileErrors.invalid_registry_file(`"${section.name}" must be a list.`);
      for (const change of await section.plan(actor, entries, { prune }))
        planned.push({ ...change, section: section.name });
    }
    const isRefused = planned.some(({ action }) => action === 'refused');
    const applied = !dryRun && !isRefused;
    const changes = applied ? await this.apply(actor, planned) : planned;
    return {
      applied,
      summary: summaryOf(changes),
      changes: changes.map(({ section, name, action, message, changes: details, warnings }) => ({
        section,
        name,
        action,
        ...(message !== undefined && { message }),
        ...(details && { changes: [...details] }),
        ...(warnings && warnings.length > 0 && { warnings: [...warnings] }),
      })),
    };
  }

  /** One after the other. What somebody else made impossible meanwhile is reported, and does not stop the rest. */
  private async apply(actor: Actor, planned: readonly SectionChange[]): Promise<SectionChange[]> {
    const done: SectionChange[] = [];
    for (const change of planned) {
      try {
        await change.apply?.();
        done.push(change);
      } catch (error) {
        if (!(error instanceof AppError) || error.kind === 'internal') throw error;
        done.push({ ...change, action: 'refused', message: error.message });
      }
    }
    const { unchanged: _, ...summary } = summaryOf(done);
    if (done.some(({ apply }) => apply !== undefined))
      await this.audit.record(actor, 'tools.imported', { type: 'tools', id: 'all' }, summary);
    return done;
  }

  private sections(): RegistrySection[] {
    return this.discovery
      .getProviders()
      .map((wrapper) => wrapper.instance as unknown)
      .filter((instance): instance is RegistrySection => instance instanceof RegistrySection)
      .sort((a, b) => a.order - b.order || (a.name < b.name ? -1 : 1));
  }
}

function read(document: ImportRequest['document']): Record<string, unknown> {
  let value: unknown = document;
  try {
    if (typeof document === 'string')
      value = parse(document, { maxAliasCount: MAX_ALIASES, logLevel: 'error' });
    value = JSON.parse(JSON.stringify(value)) as unknown;
    checkJson(value);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : '';
    throw RegistryFileErrors.invalid_registry_file(`The file cannot be read: ${reason}`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw RegistryFileErrors.invalid_registry_file();
  return value as Record<string, unknown>;
}

function summaryOf(changes: readonly PlannedChange[]): Summary {
  const summary: Summary = { added: 0, changed: 0, removed: 0, unchanged: 0, missing: 0, refused: 0 };
  for (const { action } of changes) summary[action] += 1;
  return summary;
}
