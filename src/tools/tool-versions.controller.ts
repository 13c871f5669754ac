import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { PageQuery } from '../common/page.js';
import { Scopes } from '../common/scopes.decorator.js';
import { Returns } from '../platform/http/returns.decorator.js';
import { ToolVersions } from './tool-versions.service.js';
import {
  DiffQuery,
  RollbackRequest,
  ToolName,
  ToolVersionDiff,
  ToolVersionPage,
  ToolView,
  VersionNumber,
} from './tools.dto.js';

const Name = { schema: ToolName };
const Version = { schema: VersionNumber };

/** The versions of a tool's definition. */
@ApiTags('tools')
@Controller('api/v1/tools/:name')
export class ToolVersionsController {
  constructor(private readonly versions: ToolVersions) {}

  @Get('versions')
  @Scopes('tools:read')
  @ApiOperation({ summary: 'Versions of a definition, newest first' })
  @Returns(ToolVersionPage)
  list(
    @CurrentActor() actor: Actor,
    @Param('name', Name) name: string,
    @Query({ schema: PageQuery }) query: PageQuery,
  ) {
    return this.versions.list(actor, name, query);
  }

  @Get('versions/:version/diff')
  @Scopes('tools:read')
  @ApiOperation({ summary: 'What changed between two versions, and what of it deserves a look' })
  @Returns(ToolVersionDiff)
  diff(
    @CurrentActor() actor: Actor,
    @Param('name', Name) name: string,
    @Param('version', Version) version: number,
    @Query({ schema: DiffQuery }) { against }: DiffQuery,
  ) {
    return this.versions.diff(actor, name, version, against);
  }

  @Post('versions/:version/approve')
  @Scopes('tools:manage')
  @ApiOperation({ summary: 'Approve what a quarantined tool offers now' })
  @Returns(ToolView)
  approve(
    @CurrentActor() actor: Actor,
    @Param('name', Name) name: string,
    @Param('version', Version) version: number,
  ) {
    return this.versions.approve(actor, name, version);
  }

  @Post('rollback')
  @Scopes('tools:manage')
  @ApiOperation({ summary: 'Use an earlier version of a tool made by hand again' })
  @Returns(ToolView)
  rollback(
    @CurrentActor() actor: Actor,
    @Param('name', Name) name: string,
    @Body({ schema: RollbackRequest }) { version }: RollbackRequest,
  ) {
    return this.versions.rollback(actor, name, version);
  }
}
