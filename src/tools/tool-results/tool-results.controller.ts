import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type Actor } from '../../common/actor.js';
import { CurrentActor } from '../../common/current-actor.decorator.js';
import { Scopes } from '../../common/scopes.decorator.js';
import { Returns } from '../../platform/http/returns.decorator.js';
import { ToolResultPart, ToolResultQuery } from './tool-results.dto.js';
import { ToolResults } from './tool-results.service.js';

@ApiTags('tools')
@Controller('api/v1/tool-results')
export class ToolResultsController {
  constructor(private readonly results: ToolResults) {}

  @Get(':id')
  @Scopes('tools:call')
  @ApiOperation({ summary: 'The whole result of a call whose answer was cut, page by page' })
  @Returns(ToolResultPart)
  read(
    @CurrentActor() actor: Actor,
    @Param('id', { schema: z.uuid() }) id: string,
    @Query({ schema: ToolResultQuery }) query: ToolResultQuery,
  ) {
    return this.results.read(actor, id, query);
  }
}
