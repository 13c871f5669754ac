import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Actor } from '../../../common/actor.js';
import { CurrentActor } from '../../../common/current-actor.decorator.js';
import { PageQuery } from '../../../common/page.js';
import { Scopes } from '../../../common/scopes.decorator.js';
import { MaxBody } from '../../../platform/http/json-body.js';
import { Returns, ReturnsNothing } from '../../../platform/http/returns.decorator.js';
import { ImportName, ImportReport, OpenApiImportRequest, ToolImportPage } from './tool-imports.dto.js';
import { ToolImportsService } from './tool-imports.service.js';

/** A document of 2 MiB, written as a JSON text. */
const MAX_BODY = 3 << 20;

@ApiTags('tool-imports')
@Controller('api/v1/tool-imports')
export class ToolImportsController {
  constructor(private readonly imports: ToolImportsService) {}

  @Post('openapi')
  @Scopes('tools:manage')
  @MaxBody(MAX_BODY)
  @ApiOperation({ summary: 'Make tools of an OpenAPI document, or say which could be made' })
  @Returns(ImportReport)
  run(@CurrentActor() actor: Actor, @Body({ schema: OpenApiImportRequest }) body: OpenApiImportRequest) {
    return this.imports.run(actor, body);
  }

  @Get()
  @Scopes('tools:manage')
  @ApiOperation({ summary: 'What was imported' })
  @Returns(ToolImportPage)
  list(@CurrentActor() actor: Actor, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.imports.list(actor, query);
  }

  @Post(':name/refresh')
  @Scopes('tools:manage')
  @ApiOperation({ summary: 'Fetch the document again and follow it' })
  @Returns(ImportReport)
  refresh(@CurrentActor() actor: Actor, @Param('name', { schema: ImportName }) name: string) {
    return this.imports.refresh(actor, name);
  }

  @Delete(':name')
  @Scopes('tools:manage')
  @ApiOperation({ summary: 'Remove an import with its tools' })
  @ReturnsNothing()
  remove(@CurrentActor() actor: Actor, @Param('name', { schema: ImportName }) name: string) {
    return this.imports.remove(actor, name);
  }
}
