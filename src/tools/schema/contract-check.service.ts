import { Injectable } from '@nestjs/common';
import { AppError } from '../../common/app-error.js';
import { type ToolContract } from '../tool-version.entity.js';
import { ToolErrors } from '../tools.errors.js';
import { type ToolSet } from '../tool.js';
import { canonicalJson } from './canonical-json.js';
import { findHidden } from './hidden-text.js';
import { checkSchema, subschemas } from './json-schema.js';
import { SchemaProbe } from './schema-probe.service.js';

/** Of a description, in bytes. An operator's own code may explain itself at more length. */
const MAX_DESCRIPTION = { code: 4 << 10, admin: 2 << 10, remote: 2 << 10 };
const MAX_TITLE = 200;
/** Names of routes beside GET /api/v1/tools/:name. */
const RESERVED = new Set(['export', 'import', 'reload']);

/** What a definition must be to enter the registry, whoever offers it. */
@Injectable()
export class ContractCheck {
  constructor(private readonly probe: SchemaProbe) {}

  /**
   * Refuses a definition with hidden text, texts that are too long, or schemas that cannot be used or take too long.
   * Throws `suspicious_text` or `invalid_tool_schema`, which name the field and the fix, or `schema_probe_busy`.
   */
  async check(contract: ToolContract, trust: ToolSet['trust']): Promise<void> {
    const { name, title, description, inputSchema, outputSchema } = contract;
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(name))
      throw ToolErrors.invalid_tool_schema('The name must be 1 to 64 letters, digits, "_" or "-".');
    if (RESERVED.has(name)) throw ToolErrors.invalid_tool_schema(`The name "${name}" is reserved.`);
    checkTexts(contract);
    if (description === '') throw ToolErrors.invalid_tool_schema('description must say what the tool does.');
    checkLength(title, 'title', MAX_TITLE);
    checkLength(description, 'description', MAX_DESCRIPTION[trust]);
    for (const [member, schema] of [
      ['inputSchema', inputSchema],
      ['outputSchema', outputSchema],
    ] as const) {
      if (schema === undefined && member === 'outputSchema') continue;
      checkSchema(schema, member);
      for (const { node, pointer } of subschemas(schema))
        checkLength(node.description, `${member}${pointer}/description`, MAX_DESCRIPTION[trust]);
      // Code of this installation runs in this process anyway; its schemas cannot do more harm than it can.
      if (trust !== 'code') await this.probe.check(schema, member);
    }
  }

  /** The same as a sentence for a list of what was refused; undefined when nothing is wrong. */
  async problemOf(contract: ToolContract, trust: ToolSet['trust']): Promise<string | undefined> {
    try {
      canonicalJson(contract);
      await this.check(contract, trust);
      return undefined;
    } catch (error) {
      if (error instanceof TypeError) return 'the definition is not valid JSON';
      if (!(error instanceof AppError) || error.kind === 'unavailable') throw error;
      return error.message;
    }
  }
}

/** Throws `suspicious_text` for a hidden character in anything that a model reads. [S64] */
function checkTexts(contract: ToolContract): void {
  for (const [field, value] of Object.entries(contract)) {
    const hidden = findHidden(value, field);
    if (hidden === undefined) continue;
    const { codePoint } = hidden;
    throw ToolErrors.suspicious_text(
      `${hidden.field} holds ${codePoint}, which people do not see but models read; remove it.`,
      { errors: [{ field: hidden.field, message: `holds the hidden character ${codePoint}` }] },
    );
  }
}

function checkLength(text: unknown, field: string, max: number): void {
  if (typeof text === 'string' && Buffer.byteLength(text) > max)
    throw ToolErrors.invalid_tool_schema(`${field} is longer than ${max} bytes; shorten it.`);
}
