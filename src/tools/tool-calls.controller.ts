import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { Scopes } from '../common/scopes.decorator.js';
import { Returns } from '../platform/http/returns.decorator.js';
import { ToolCallPage, ToolCallQuery } from './tools.dto.js';
import { ToolsService } from './tools.service.js';

@ApiTags('tools')
@Controller('api/v1/tool-calls')
export class ToolCallsController {
  constructor(private readonly tools: ToolsService) {}

  @Get()
  @Scopes('tools:read')
  @ApiOperation({ summary: 'Records of tool calls: mine, for an admin all' })
  @Returns(ToolCallPage)
  list(@CurrentActor() actor: Actor, @Query({ schema: ToolCallQuery }) query: ToolCallQuery) {
    return this.tools.listCalls(actor, query);
  }
}
