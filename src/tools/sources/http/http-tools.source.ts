import { Injectable } from '@nestjs/common';
import { type OfferedTool, ToolSource } from '../tool-source.js';
import { type ToolContext, type ToolDefinition } from '../../tool.js';
import { type ToolContract } from '../../tool-version.entity.js';
import { checkUse, parseHttpSource } from './check-source.js';
import { HttpCaller } from './http-caller.service.js';

/** Tools that an admin made of an HTTP endpoint: method, URL template, mapping, secret. */
@Injectable()
export class HttpTools extends ToolSource {
  readonly kind = 'http';

  constructor(private readonly caller: HttpCaller) {
    super();
  }

  override async list(): Promise<readonly OfferedTool[]> {
    return [];
  }

  override async checkSource(
    given: unknown,
    contract: ToolContract,
  ): Promise<Readonly<Record<string, unknown>>> {
    const source = parseHttpSource(given);
    checkUse(source, contract);
    await this.caller.check(source);
    return source;
  }

  override run(definition: ToolDefinition, args: unknown, context: ToolContext): Promise<unknown> {
    return this.caller.call(definition, args, context);
  }
}
