import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { PageQuery } from '../common/page.js';
import { Scopes } from '../common/scopes.decorator.js';
import { Returns } from '../platform/http/returns.decorator.js';
import {
  ReloadResult,
  ToolName,
  ToolPage,
  ToolQuery,
  ToolUpdate,
  ToolVersionPage,
  ToolView,
} from './tools.dto.js';
import { ToolsService } from './tools.service.js';

@ApiTags('tools')
@Controller('api/v1/tools')
export class ToolsController {
  constructor(private readonly tools: ToolsService) {}

  @Get()
  @Scopes('tools:read')
  @ApiOperation({ summary: 'List tools' })
  @Returns(ToolPage)
  list(@CurrentActor() actor: Actor, @Query({ schema: ToolQuery }) query: ToolQuery) {
    return this.tools.list(actor, query);
  }

  @Post('reload')
  @Scopes('tools:manage')
  @ApiOperation({ summary: 'Read the extensions folder again' })
  @Returns(ReloadResult)
  reload(@CurrentActor() actor: Actor) {
    return this.tools.reload(actor);
  }

  @Get(':name')
  @Scopes('tools:read')
  @ApiOperation({ summary: 'A tool' })
  @Returns(ToolView)
  get(@CurrentActor() actor: Actor, @Param('name', { schema: ToolName }) name: string) {
    return this.tools.get(actor, name);
  }

  @Patch(':name')
  @Scopes('tools:manage')
  @ApiOperation({ summary: 'Change policy, access or enabled' })
  @Returns(ToolView)
  update(
    @CurrentActor() actor: Actor,
    @Param('name', { schema: ToolName }) name: string,
    @Body({ schema: ToolUpdate }) update: ToolUpdate,
  ) {
    return this.tools.update(actor, name, update);
  }

  @Get(':name/versions')
  @Scopes('tools:read')
  @ApiOperation({ summary: 'Versions of a definition, newest first' })
  @Returns(ToolVersionPage)
  versions(
    @CurrentActor() actor: Actor,
    @Param('name', { schema: ToolName }) name: string,
    @Query({ schema: PageQuery }) query: PageQuery,
  ) {
    return this.tools.versions(actor, name, query);
  }
}
