import { Injectable } from '@nestjs/common';
import { DocumentReader } from './document-reader.service.js';
import { type ImportOptions } from './import-options.schema.js';
import { type CompiledDocument, OpenApiCompiler } from './openapi-compiler.service.js';
import { type Document } from './references.js';
import { type ImportSource } from './tool-imports.dto.js';

/** A document that was read and compiled: what is imported, from where, by which choices. */
export interface PreparedImport {
  readonly name: string;
  readonly url: string | null;
  /** The document as a text, unless it came from a URL. */
  readonly given: string | null;
  readonly options: ImportOptions;
  readonly document: Document;
  readonly compiled: CompiledDocument;
}

/** Reads and compiles the documents of imports. */
@Injectable()
export class ImportDocuments {
  constructor(
    private readonly reader: DocumentReader,
    private readonly compiler: OpenApiCompiler,
  ) {}

  /** Throws `invalid_openapi_document` and what the egress guard throws. */
  async prepare({ name, url, document: given, ...options }: ImportSource): Promise<PreparedImport> {
    const document = await this.read(url, given);
    const compiled = await this.compiler.compile(document, {
      ...options,
      ...(url !== undefined && { documentUrl: url }),
    });
    return { name, url: url ?? null, given: textOf(given), options, document, compiled };
  }

  private read(url: ImportSource['url'], given: ImportSource['document']): Promise<Document> | Document {
    if (url !== undefined) return this.reader.fetch(url);
    return typeof given === 'string' ? this.reader.parse(given) : this.reader.check(given);
  }
}

/** A document as the registry keeps it, and its file holds it. */
export function textOf(given: ImportSource['document']): string | null {
  if (given === undefined) return null;
  return typeof given === 'string' ? given : JSON.stringify(given, null, 2);
}
