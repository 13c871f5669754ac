import { Injectable } from '@nestjs/common';
import { requireScopes } from '../../../common/access.js';
import { type Actor } from '../../../common/actor.js';
import { type Page, type PageQuery } from '../../../common/page.js';
import { Cursors } from '../../../platform/secrets/cursors.js';
import { ToolRegistry } from '../../tool-registry.service.js';
import { type SetReport } from '../../tool-sets.repository.js';
import { type ToolSet } from '../../tool.js';
import { ImportDocuments, type PreparedImport } from './import-documents.service.js';
import { OpenApiErrors } from './openapi.errors.js';
import { type Document, isRecord } from './references.js';
import { type ToolImport } from './tool-import.entity.js';
import { type ImportReport, type ImportSource } from './tool-imports.dto.js';
import { ToolImportsRepository } from './tool-imports.repository.js';

/** Imports OpenAPI documents as tools, and keeps what a refresh needs. */
@Injectable()
export class ToolImportsService {
  constructor(
    private readonly imports: ToolImportsRepository,
    private readonly documents: ImportDocuments,
    private readonly registry: ToolRegistry,
    private readonly cursors: Cursors,
  ) {}

  /** Throws `invalid_openapi_document` and what the egress guard throws; what cannot be a tool is in the report. */
  async run(actor: Actor, { dryRun, ...source }: ImportSource & { dryRun: boolean }): Promise<ImportReport> {
    requireScopes(actor, 'tools:manage');
    const prepared = await this.documents.prepare(source);
    return dryRun ? this.preview(actor, prepared) : this.apply(actor, prepared);
  }

  /** Reads a document for `preview` and `apply`, which then speak of the same one. Throws as `run`. */
  prepare(actor: Actor, source: ImportSource): Promise<PreparedImport> {
    requireScopes(actor, 'tools:manage');
    return this.documents.prepare(source);
  }

  /** Only says what would be made. */
  async preview(actor: Actor, prepared: PreparedImport): Promise<ImportReport> {
    requireScopes(actor, 'tools:manage');
    return reportOf(prepared, await this.registry.previewSet(setOf(prepared.name), offersOf(prepared)), true);
  }

  /** Makes the registry follow the document, and keeps how it came. */
  async apply(actor: Actor, prepared: PreparedImport): Promise<ImportReport> {
    requireScopes(actor, 'tools:manage');
    const { name, url, options, document, given } = prepared;
    const followed = await this.registry.followSet(setOf(name), offersOf(prepared), { actor });
    const report = reportOf(prepared, followed, false);
    await this.imports.save({
      name,
      url,
      document: given,
      options,
      title: titleOf(document),
      tools: report.made.length,
      updatedAt: new Date(),
    });
    return report;
  }

  /** Fetches the document again and makes the registry follow. Throws `tool_import_not_found`, `tool_import_without_url`. */
  async refresh(actor: Actor, name: string): Promise<ImportReport> {
    requireScopes(actor, 'tools:manage');
    const row = await this.imports.find(name);
    if (row === null) throw OpenApiErrors.tool_import_not_found();
    if (row.url === null) throw OpenApiErrors.tool_import_without_url();
    return this.apply(actor, await this.documents.prepare({ name, url: row.url, ...row.options }));
  }

  async list(actor: Actor, query: PageQuery): Promise<Page<ToolImport>> {
    requireScopes(actor, 'tools:manage');
    const after = this.cursors.read('tool-imports', query.cursor);
    const rows = await this.imports.list(after, query.limit + 1);
    return this.cursors.page('tool-imports', rows, query.limit, (row) => row.name);
  }

  /** Removes the import and its tools. Throws `tool_import_not_found`. */
  async remove(actor: Actor, name: string): Promise<void> {
    requireScopes(actor, 'tools:manage');
    if ((await this.imports.find(name)) === null) throw OpenApiErrors.tool_import_not_found();
    await this.registry.removeSet(setOf(name), { actor });
    await this.imports.delete(name);
  }
}

function setOf(name: string): ToolSet {
  return { kind: 'openapi', id: name, trust: 'admin' };
}

function offersOf({ compiled }: PreparedImport) {
  return compiled.offers.map(({ offer }) => offer);
}

function reportOf({ name, compiled }: PreparedImport, followed: SetReport, dryRun: boolean): ImportReport {
  const reasons = new Map(followed.refused.map((one) => [one.name, one.message]));
  const labels = compiled.offers.map(({ operation, offer }) => ({ tool: offer.contract.name, operation }));
  const refused = labels
    .filter(({ tool }) => reasons.has(tool))
    .map(({ tool, operation }) => ({ operation, reason: reasons.get(tool) ?? '' }));
  return {
    name,
    dryRun,
    made: labels.filter(({ tool }) => !reasons.has(tool)),
    refused: [...compiled.refused, ...refused],
    vanished: followed.vanished,
    warnings: compiled.warnings,
  };
}

function titleOf(document: Document): string {
  const { info } = document as unknown as { info?: unknown };
  return isRecord(info) && typeof info.title === 'string' ? info.title.slice(0, 200) : '';
}
