import { Injectable, Logger } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { stringify } from 'yaml';
import { AuditLog } from '../../audit/audit-log.service.js';
import { requireScopes } from '../../common/access.js';
import { type Actor } from '../../common/actor.js';
import { type ImportRequest, type ImportResult } from './registry-file.dto.js';
import { readRegistryFile, VERSION } from './read-registry-file.js';
import { RegistryFileErrors } from './registry-file.errors.js';
import { type PlannedChange, refusedBy, RegistrySection } from './registry-section.js';

type Summary = ImportResult['summary'];
/** A change with where the file asks for it; what it does not name has no path. */
type SectionChange = PlannedChange & { readonly section: string; readonly path?: string };

/** For all that has to come in, e.g. the tools of servers: who is away then comes later by itself. */
const SETTLE_MS = 30_000;
const SETTLE_AT_ONCE = 8;

const FAILED = 'it could not be applied, which the log of the server explains; apply the file again';
const UNSETTLED = 'it is applied, but what comes with it failed, which the log of the server explains';
const LEFT_OUT = 'not applied, because another change failed before it; apply the file again';

/** The whole registry as one file, for version control: export, compare, apply. */
@Injectable()
export class RegistryFile {
  private readonly log = new Logger('Tools');

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
    const file = await readRegistryFile(document);
    const planned = await this.plan(actor, file, prune);
    const isRefused = planned.some(({ action }) => action === 'refused');
    const applied = !dryRun && !isRefused;
    const changes = applied ? await this.apply(actor, planned) : planned;
    return {
      applied,
      summary: summaryOf(changes),
      changes: changes.map(({ section, name, path, action, message, changes: details, warnings }) => ({
        section,
        name,
        ...(path !== undefined && { path }),
        action,
        ...(message !== undefined && { message }),
        ...(details && { changes: [...details] }),
        ...(warnings && warnings.length > 0 && { warnings: [...warnings] }),
      })),
    };
  }

  private async plan(actor: Actor, file: Record<string, unknown>, prune: boolean): Promise<SectionChange[]> {
    const sections = this.sections();
    const known = new Set(['version', ...sections.map(({ name }) => name)]);
    const unknown = Object.keys(file).filter((name) => !known.has(name));
    if (unknown.length > 0)
      throw RegistryFileErrors.invalid_registry_file(
        `The file has members that are not known: ${unknown.slice(0, 5).join(', ')}. Known are ${[...known].join(', ')}.`,
      );
    if (file.version !== VERSION) throw RegistryFileErrors.invalid_registry_file();
    const planned: SectionChange[] = [];
    for (const section of sections) {
      const { name } = section;
      const entries = file[name];
      if (entries === undefined) continue;
      if (!Array.isArray(entries))
        throw RegistryFileErrors.invalid_registry_file(`"${name}" must be a list.`);
      for (const [index, change] of (await section.plan(actor, entries, { prune })).entries())
        planned.push({
          ...change,
          section: name,
          ...(index < entries.length && { path: `/${name}/${index}` }),
        });
    }
    return planned;
  }

  /**
   * Section after section, one change after the other. What somebody else made impossible meanwhile is reported, and
   * does not stop the rest. What fails on our side does, and all is reported that was not done for it.
   */
  private async apply(actor: Actor, planned: readonly SectionChange[]): Promise<SectionChange[]> {
    const done: SectionChange[] = [];
    let isStopped = false;
    for (const section of new Set(planned.map((change) => change.section))) {
      const changes: SectionChange[] = [];
      for (const change of planned.filter((one) => one.section === section))
        try {
          changes.push(isStopped ? leftOut(change) : await applyOne(change));
        } catch (error) {
          isStopped = true;
          this.log.error({ err: error }, `tools import: ${section} ${change.name} failed`);
          changes.push({ ...change, settle: undefined, action: 'refused', message: FAILED });
        }
      done.push(...(await this.settle(changes)));
    }
    const { unchanged: _, ...summary } = summaryOf(done);
    if (done.some(({ apply }) => apply !== undefined))
      await this.audit.record(actor, 'tools.imported', { type: 'tools', id: 'all' }, summary);
    return done;
  }

  private async settle(changes: readonly SectionChange[]): Promise<SectionChange[]> {
    const signal = AbortSignal.timeout(SETTLE_MS);
    const settled: SectionChange[] = [];
    for (let at = 0; at < changes.length; at += SETTLE_AT_ONCE) {
      const some = changes.slice(at, at + SETTLE_AT_ONCE);
      settled.push(...(await Promise.all(some.map((change) => this.settleOne(change, signal)))));
    }
    return settled;
  }

  private async settleOne(change: SectionChange, signal: AbortSignal): Promise<SectionChange> {
    const { section, name, warnings = [] } = change;
    try {
      return { ...change, warnings: [...warnings, ...((await change.settle?.(signal)) ?? [])] };
    } catch (error) {
      this.log.error({ err: error }, `tools import: what comes with ${section} ${name} failed`);
      return { ...change, warnings: [...warnings, UNSETTLED] };
    }
  }

  private sections(): RegistrySection[] {
    return this.discovery
      .getProviders()
      .map((wrapper) => wrapper.instance as unknown)
      .filter((instance): instance is RegistrySection => instance instanceof RegistrySection)
      .sort((a, b) => a.order - b.order || (a.name < b.name ? -1 : 1));
  }
}

/** Throws what is not the entry's fault. */
async function applyOne(planned: SectionChange): Promise<SectionChange> {
  try {
    const change = planned.again === undefined ? planned : { ...planned, ...(await planned.again()) };
    await change.apply?.();
    return change;
  } catch (error) {
    return { ...planned, settle: undefined, ...refusedBy(planned.name, error) };
  }
}

function leftOut(change: SectionChange): SectionChange {
  const isPending = change.apply !== undefined || change.again !== undefined;
  return isPending ? { ...change, settle: undefined, action: 'refused', message: LEFT_OUT } : change;
}

function summaryOf(changes: readonly PlannedChange[]): Summary {
  const summary: Summary = { added: 0, changed: 0, removed: 0, unchanged: 0, missing: 0, refused: 0 };
  for (const { action } of changes) summary[action] += 1;
  return summary;
}
