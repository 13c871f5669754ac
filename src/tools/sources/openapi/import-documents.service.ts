import { Injectable } from '@nestjs/common';
import { DocumentReader } from './document-reader.service.js';
import { type ImportOptions } from './import-options.schema.js';
import { type CompiledDocument, OpenApiCompiler } from './openapi-compiler.service.js';
import { type Document } from './references.js';

/** What is imported, from where, by which choices. */
export interface Job {
  readonly name: string;
  readonly url: string | null;
  readonly options: ImportOptions;
}

/** Reads and compiles the documents of imports. */
@Injectable()
export class ImportDocuments {
  constructor(
    private readonly reader: DocumentReader,
    private readonly compiler: OpenApiCompiler,
  ) {}

  read(
    url: string | undefined,
    given: string | Readonly<Record<string, unknown>> | undefined,
  ): Promise<Document> {
    if (url !== undefined) return this.reader.fetch(url);
    if (typeof given === 'string') return this.reader.parse(given);
    return Promise.resolve(this.reader.check(given));
  }

  compile(document: Document, { url, options }: Job): Promise<CompiledDocument> {
    return this.compiler.compile(document, { ...options, ...(url !== null && { documentUrl: url }) });
  }
}
