import { Injectable } from '@nestjs/common';
import { isDatabaseAway } from '../../platform/database/database-error.js';
import { checkJson } from '../../platform/http/json-body.js';
import { canonicalHash } from '../../tools/schema/canonical-json.js';
import { SchemaValidator } from '../../tools/schema/validator.js';
import { ToolRegistry } from '../../tools/tool-registry.service.js';
import { ToolErrors } from '../../tools/tools.errors.js';
import { type Arguments } from './approval.js';

interface Bound {
  readonly tool: string;
  readonly definitionHash: string;
}

/** The tools that approvals are bound to, as they are now. */
@Injectable()
export class BoundTools {
  private readonly inputs = new SchemaValidator({ useDefaults: false });

  constructor(private readonly registry: ToolRegistry) {}

  /** Is the tool still what it was when somebody was asked? */
  async isSame({ tool, definitionHash }: Bound): Promise<boolean> {
    return (await this.registry.find(tool))?.definition.definitionHash === definitionHash;
  }

  /** Do these arguments fit the tool? */
  async fits({ tool, definitionHash }: Bound, args: Arguments): Promise<boolean> {
    try {
      await this.check({ tool, definitionHash }, args);
      return true;
    } catch (error) {
      // Then nothing is known of the call, least of all that nobody has to be asked.
      if (isDatabaseAway(error)) throw error;
      return false;
    }
  }

  /** New arguments with their hash. Throws `invalid_tool_arguments` with what is wrong. */
  async check(bound: Bound, args: Arguments): Promise<{ arguments: Arguments; hash: string }> {
    checkJson(args);
    const tool = await this.registry.find(bound.tool);
    if (tool === undefined) throw ToolErrors.tool_not_found();
    const errors = this.inputs.check(bound.definitionHash, tool.definition.inputSchema, args);
    if (errors !== undefined) throw ToolErrors.invalid_tool_arguments(undefined, { errors });
    return { arguments: args, hash: canonicalHash(args) };
  }
}
