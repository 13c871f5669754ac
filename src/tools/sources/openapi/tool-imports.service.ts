import { Injectable } from '@nestjs/common';
import { requireScopes } from '../../../common/access.js';
import { type Actor } from '../../../common/actor.js';
import { type Page, type PageQuery } from '../../../common/page.js';
import { Cursors } from '../../../platform/secrets/cursors.js';
import { ContractCheck } from '../../schema/contract-check.service.js';
import { ToolRegistry } from '../../tool-registry.service.js';
import { type ToolSet } from '../../tool.js';
import { ImportDocuments, type Job } from './import-documents.service.js';
import { type CompiledDocument } from './openapi-compiler.service.js';
import { OpenApiErrors } from './openapi.errors.js';
import { type Document, isRecord } from './references.js';
import { type ToolImport } from './tool-import.entity.js';
import { type ImportReport, type OpenApiImportRequest } from './tool-imports.dto.js';
import { ToolImportsRepository } from './tool-imports.repository.js';

/** Imports OpenAPI documents as tools, and keeps what a refresh needs. */
@Injectable()
export class ToolImportsService {
  constructor(
    private readonly imports: ToolImportsRepository,
    private readonly documents: ImportDocuments,
    private readonly registry: ToolRegistry,
    private readonly contracts: ContractCheck,
    private readonly cursors: Cursors,
  ) {}

  /** Throws `invalid_openapi_document` and what the egress guard throws; what cannot be a tool is in the report. */
  async run(actor: Actor, request: OpenApiImportRequest): Promise<ImportReport> {
    requireScopes(actor, 'tools:manage');
    const { name, url = null, document: given, dryRun, ...options } = request;
    const document = await this.documents.read(url ?? undefined, given);
    const job = { name, url, options };
    const compiled = await this.documents.compile(document, job);
    return dryRun ? this.preview(name, compiled) : this.apply(actor, job, document, compiled);
  }

  /** Fetches the document again and makes the registry follow. Throws `tool_import_not_found`, `tool_import_without_url`. */
  async refresh(actor: Actor, name: string): Promise<ImportReport> {
    requireScopes(actor, 'tools:manage');
    const row = await this.imports.find(name);
    if (row === null) throw OpenApiErrors.tool_import_not_found();
    if (row.url === null) throw OpenApiErrors.tool_import_without_url();
    const document = await this.documents.read(row.url, undefined);
    return this.apply(actor, row, document, await this.documents.compile(document, row));
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

  private async preview(name: string, compiled: CompiledDocument): Promise<ImportReport> {
    const refused = [...compiled.refused];
    const made: ImportReport['made'] = [];
    for (const { operation, offer } of compiled.offers) {
      const taken = await this.registry.find(offer.contract.name);
      const isOther = taken !== undefined && taken.definition.source.operation === undefined;
      const problem = isOther
        ? `the name "${offer.contract.name}" is taken by another tool; use "prefix"`
        : await this.contracts.problemOf(offer.contract, 'admin');
      if (problem === undefined) made.push({ tool: offer.contract.name, operation });
      else refused.push({ operation, reason: problem });
    }
    return { name, dryRun: true, made, refused, vanished: [], warnings: compiled.warnings };
  }

  private async apply(
    actor: Actor,
    job: Job,
    document: Document,
    compiled: CompiledDocument,
  ): Promise<ImportReport> {
    const { name, url, options } = job;
    const offers = compiled.offers.map(({ offer }) => offer);
    const report = await this.registry.followSet(setOf(name), offers, { actor });
    const reasons = new Map(report.refused.map((one) => [one.name, one.message]));
    const labels = compiled.offers.map(({ operation, offer }) => ({ tool: offer.contract.name, operation }));
    const made = labels.filter(({ tool }) => !reasons.has(tool));
    const refused = labels
      .filter(({ tool }) => reasons.has(tool))
      .map(({ tool, operation }) => ({ operation, reason: reasons.get(tool) ?? '' }));
    await this.imports.save({
      name,
      url,
      options,
      title: titleOf(document),
      tools: made.length,
      updatedAt: new Date(),
    });
    const { warnings } = compiled;
    const all = [...compiled.refused, ...refused];
    return { name, dryRun: false, made, refused: all, vanished: report.vanished, warnings };
  }
}

function setOf(name: string): ToolSet {
  return { kind: 'openapi', id: name, trust: 'admin' };
}

function titleOf(document: Document): string {
  const { info } = document as unknown as { info?: unknown };
  return isRecord(info) && typeof info.title === 'string' ? info.title.slice(0, 200) : '';
}
