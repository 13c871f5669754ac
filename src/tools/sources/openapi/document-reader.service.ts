import { Injectable } from '@nestjs/common';
import { AppError } from '../../../common/app-error.js';
import { Egress } from '../../../platform/egress/egress.js';
import { AuthorisedFetch } from '../../secrets/authorised-fetch.js';
import { UnreadableYaml, yamlToJson } from '../../yaml/yaml-to-json.js';
import { OpenApiErrors } from './openapi.errors.js';
import { type Document, isRecord, textOf } from './references.js';

/** As text; most documents of 500 operations are smaller. [S53] */
const MAX_DOCUMENT_BYTES = 2 << 20;
/** Aliases of one document, and what they may become. [S53] */
const YAML = { maxAliases: 100, maxLength: 8 << 20, timeoutMs: 5_000 };
const MAX_NODES = 300_000;
const MAX_DEPTH = 200;
const FETCH_MS = 20_000;

/** Gets OpenAPI documents: by URL through the egress guard, or from text, JSON or YAML. */
@Injectable()
export class DocumentReader {
  constructor(
    private readonly egress: Egress,
    private readonly authorised: AuthorisedFetch,
  ) {}

  /** Throws what the guard throws, and `invalid_openapi_document`. */
  async fetch(url: string): Promise<Document> {
    this.egress.check(url);
    const fetch = this.authorised.with(undefined, { maxBytes: MAX_DOCUMENT_BYTES, timeoutMs: FETCH_MS });
    const response = await fetch(url, {
      headers: { accept: 'application/json, application/yaml, text/yaml, */*;q=0.1' },
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw OpenApiErrors.invalid_openapi_document(
        `The document could not be fetched: the server answered ${response.status}.`,
      );
    }
    return this.parse(await this.textOf(response));
  }

  /** Throws `invalid_openapi_document`, which says what is wrong. */
  async parse(text: string): Promise<Document> {
    if (Buffer.byteLength(text) > MAX_DOCUMENT_BYTES) throw tooLarge();
    const json = /^\s*\{/.test(text) ? text : await this.fromYaml(text);
    let value: unknown;
    try {
      value = JSON.parse(json);
    } catch {
      throw invalid('it is neither JSON nor YAML');
    }
    return this.check(value);
  }

  private async textOf(response: Response): Promise<string> {
    try {
      return await response.text();
    } catch (error) {
      throw error instanceof AppError && error.code === 'egress_too_large' ? tooLarge() : error;
    }
  }

  private async fromYaml(text: string): Promise<string> {
    try {
      return await yamlToJson(text, YAML);
    } catch (error) {
      throw error instanceof UnreadableYaml ? invalid(error.message) : error;
    }
  }

  check(value: unknown): Document {
    checkSize(value);
    if (typeof value === 'string' && value.trimStart().startsWith('<'))
      throw invalid('it is a web page or XML; give the JSON or YAML document itself');
    if (!isRecord(value)) throw invalid('it is a text or a list, not an object with "openapi" and "paths"');
    if (textOf(value.swagger).startsWith('2'))
      throw invalid('it is Swagger 2.0; convert it to OpenAPI 3 first');
    if (value.openapi === undefined) throw invalid('it has no "openapi", so it is none');
    if (!/^3\.[01](?:\.\d+)?/.test(textOf(value.openapi)))
      throw invalid(
        `its "openapi" is ${JSON.stringify(value.openapi)?.slice(0, 40)}; it must be a text such as "3.0.3" or "3.1.1", other versions are not read`,
      );
    if (!isRecord(value.paths)) throw invalid('it has no "paths"');
    return value as unknown as Document;
  }
}

/** Bounded work for everything that walks the document later, and no key that could reach a prototype. [S33] */
function checkSize(root: unknown): void {
  let count = 0;
  const open: [unknown, number][] = [[root, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, depth] = next;
    count += 1;
    if (count > MAX_NODES || depth > MAX_DEPTH) throw invalid('it is too deep or has too many parts');
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, member] of Object.entries(value)) {
      if (key === '__proto__') throw invalid('it has a member named __proto__');
      open.push([member, depth + 1]);
    }
  }
}

function tooLarge() {
  return invalid('it is larger than 2 MiB; cut what is not needed');
}

function invalid(reason: string) {
  return OpenApiErrors.invalid_openapi_document(`The OpenAPI document cannot be used: ${reason}.`);
}
