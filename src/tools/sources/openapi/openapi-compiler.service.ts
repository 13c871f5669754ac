import { Injectable } from '@nestjs/common';
import { AppError } from '../../../common/app-error.js';
import { HttpCaller } from '../http/http-caller.service.js';
import { type HttpSource } from '../http/http-source.schema.js';
import { type OfferedTool } from '../tool-source.js';
import { type Compiled, compileOperation, type CompileOptions } from './compile-operation.js';
import { OpenApiErrors } from './openapi.errors.js';
import { type Choice, type Operation, operationsOf } from './operations.js';
import { type Document, Unsupported } from './references.js';

const MAX_OPERATIONS = 500;
/** Operations compiled without a pause: other requests get their turn in between. */
const BATCH = 10;

export interface CompiledDocument {
  readonly offers: readonly { readonly operation: string; readonly offer: OfferedTool }[];
  readonly refused: { operation: string; reason: string }[];
  readonly warnings: { operation: string; message: string }[];
}

/** Makes tools of the operations of a document and says why the others cannot be. */
@Injectable()
export class OpenApiCompiler {
  constructor(private readonly caller: HttpCaller) {}

  /** Throws `invalid_openapi_document` when no operation, or more than 500, are chosen. */
  async compile(document: Document, options: CompileOptions & Choice): Promise<CompiledDocument> {
    const { operations, refused } = operationsOf(document, options);
    if (operations.length > MAX_OPERATIONS)
      throw OpenApiErrors.invalid_openapi_document(
        `The document has ${operations.length} operations, at most ${MAX_OPERATIONS} can be imported at once: choose by "include".`,
      );
    if (operations.length === 0 && refused.length === 0)
      throw OpenApiErrors.invalid_openapi_document(
        Object.keys(document.paths).length === 0
          ? 'The OpenAPI document cannot be used: its "paths" are empty.'
          : 'No operation is chosen: "include" and "exclude" leave none of the document.',
      );
    const compiled: CompiledDocument = { offers: [], refused, warnings: [] };
    const offers: { operation: string; offer: OfferedTool }[] = [];
    const checked = new Map<string, string | undefined>();
    for (const [index, operation] of operations.entries()) {
      if (index % BATCH === BATCH - 1) await new Promise((resolve) => setImmediate(resolve));
      const made = await this.tryOne(document, operation, options, checked);
      if (typeof made === 'string') refused.push({ operation: operation.label, reason: made });
      else {
        offers.push({ operation: operation.label, offer: made.offer });
        for (const message of made.warnings) compiled.warnings.push({ operation: operation.label, message });
      }
    }
    return { ...compiled, offers };
  }

  /** The tool of an operation, or why there can be none. */
  private async tryOne(
    document: Document,
    operation: Operation,
    options: CompileOptions,
    checked: Map<string, string | undefined>,
  ): Promise<Compiled | string> {
    try {
      const made = compileOperation(document, operation, options);
      return (await this.check(made.offer.source as unknown as HttpSource, checked)) ?? made;
    } catch (error) {
      if (error instanceof Unsupported || error instanceof AppError) return error.message;
      throw error;
    }
  }

  /** Every server passes the guard's rules and every secret is bound to it; one look for each pair. [S53] [S62] */
  private async check(
    source: HttpSource,
    checked: Map<string, string | undefined>,
  ): Promise<string | undefined> {
    const { origin } = new URL(source.url.replace(/\{[^{}/]*\}/g, 'x'));
    const key = `${origin} ${source.auth?.secret ?? ''}`;
    if (!checked.has(key))
      checked.set(
        key,
        await this.caller.check(source).then(
          () => undefined,
          (error: unknown) => {
            if (error instanceof AppError) return error.message;
            throw error;
          },
        ),
      );
    return checked.get(key);
  }
}
