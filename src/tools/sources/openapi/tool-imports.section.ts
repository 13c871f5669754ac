import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type Actor } from '../../../common/actor.js';
import {
  type Comparison,
  type FileEntry,
  type PlannedChange,
  RegistrySection,
} from '../../registry-file/registry-section.js';
import { diff } from '../../schema/definition-diff.js';
import { textOf } from './import-documents.service.js';
import { type ToolImport } from './tool-import.entity.js';
import { type ImportReport, ImportSource } from './tool-imports.dto.js';
import { ToolImportsRepository } from './tool-imports.repository.js';
import { ToolImportsService } from './tool-imports.service.js';

/** Each may be a document of 2 MiB that is fetched. */
const MAX_ENTRIES = 100;
const MAX_WARNINGS = 50;

/**
 * OpenAPI imports: by URL, or with the document as a text. What an entry says is compared with what was said before: a
 * document behind a URL that is already imported is not fetched again, `refresh` does that.
 */
@Injectable()
export class ToolImportsSection extends RegistrySection<ImportSource> {
  readonly name = 'openapiImports';
  readonly order = 30;
  protected readonly entry = ImportSource;

  constructor(
    private readonly repository: ToolImportsRepository,
    private readonly imports: ToolImportsService,
  ) {
    super();
  }

  /** The oldest first: the first to have a name keeps it. */
  async export(): Promise<readonly FileEntry[]> {
    return (await this.repository.withDocuments()).map(({ name, url, document, options }) => ({
      name,
      ...(url === null ? { document } : { url }),
      ...options,
    }));
  }

  protected async compare(actor: Actor): Promise<Comparison<ImportSource>> {
    const rows = new Map((await this.repository.withDocuments()).map((row) => [row.name, row]));
    let left = MAX_ENTRIES;
    return {
      plan: (source) =>
        --left < 0
          ? { name: source.name, action: 'refused', message: `a file has at most ${MAX_ENTRIES} imports` }
          : this.planOne(actor, source, rows.get(source.name)),
      removals: new Map([...rows.keys()].map((name) => [name, () => this.imports.remove(actor, name)])),
    };
  }

  private async planOne(
    actor: Actor,
    source: ImportSource,
    row: ToolImport | undefined,
  ): Promise<PlannedChange> {
    const { name, url = null, document, ...options } = source;
    const wanted = comparable({ url, document: textOf(document), options });
    const changes = row === undefined ? undefined : diff(comparable(row), wanted);
    if (changes?.length === 0) return { name, action: 'unchanged' };
    const prepared = await this.imports.prepare(actor, source);
    const report = await this.imports.preview(actor, prepared);
    const [first] = report.refused;
    if (report.made.length === 0 && first !== undefined) {
      const message = `none of its operations can be a tool; ${first.operation}: ${first.reason}`;
      return { name, action: 'refused', message };
    }
    return {
      name,
      action: row === undefined ? 'added' : 'changed',
      ...(changes !== undefined && { changes }),
      message: report.made.length === 1 ? '1 tool' : `${report.made.length} tools`,
      warnings: warningsOf(report),
      apply: () => this.imports.apply(actor, prepared),
    };
  }
}

/** A document stands as its hash: its difference would say nothing that the tools do not say better. */
function comparable({ url, document, options }: Pick<ToolImport, 'url' | 'document' | 'options'>) {
  const sha256 = document === null ? null : createHash('sha256').update(document).digest('hex');
  return { url, documentSha256: sha256, ...options };
}

function warningsOf({ refused, vanished, warnings }: ImportReport): string[] {
  return [
    ...refused.map(({ operation, reason }) => `refused ${operation}: ${reason}`),
    ...vanished.map((tool) => `the tool ${tool} goes away`),
    ...warnings.map(({ operation, message }) => `${operation}: ${message}`),
  ].slice(0, MAX_WARNINGS);
}
