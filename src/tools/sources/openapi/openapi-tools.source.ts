import { Injectable } from '@nestjs/common';
import { type ToolContext, type ToolDefinition } from '../../tool.js';
import { HttpCaller } from '../http/http-caller.service.js';
import { type OfferedTool, ToolSource } from '../tool-source.js';

/** Tools that were imported from OpenAPI documents. Each holds the compiled form of its operation. */
@Injectable()
export class OpenApiTools extends ToolSource {
  readonly kind = 'openapi';

  constructor(private readonly caller: HttpCaller) {
    super();
  }

  override async list(): Promise<readonly OfferedTool[]> {
    return [];
  }

  override run(definition: ToolDefinition, args: unknown, context: ToolContext): Promise<unknown> {
    return this.caller.call(definition, args, context);
  }
}
