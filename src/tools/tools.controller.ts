import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { Scopes } from '../common/scopes.decorator.js';
import { Returns, ReturnsNothing } from '../platform/http/returns.decorator.js';
import { Idempotent, IdempotencyKey } from '../platform/idempotency/idempotent.decorator.js';
import { clientWarnings } from './schema/client-warnings.js';
import { ToolEditor } from './tool-editor.service.js';
import {
  NewTool,
  ReloadResult,
  ToolDetails,
  ToolName,
  ToolPage,
  ToolQuery,
  ToolUpdate,
} from './tools.dto.js';
import { ToolsService } from './tools.service.js';
import { type ToolDefinition } from './tool.js';

@ApiTags('tools')
@Controller('api/v1/tools')
export class ToolsController {
  constructor(
    private readonly tools: ToolsService,
    private readonly editor: ToolEditor,
  ) {}

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

  @Post()
  @Scopes('tools:manage')
  @ApiOperation({ summary: 'Make a tool' })
  @Idempotent()
  @Returns(ToolDetails, 201)
  async create(
    @CurrentActor() actor: Actor,
    @IdempotencyKey() key: string | undefined,
    @Body({ schema: NewTool }) body: NewTool,
  ) {
    const answer = await this.editor.create(actor, key, body);
    return { ...answer, body: withWarnings(answer.body) };
  }

  @Get(':name')
  @Scopes('tools:read')
  @ApiOperation({ summary: 'A tool' })
  @Returns(ToolDetails)
  async get(@CurrentActor() actor: Actor, @Param('name', { schema: ToolName }) name: string) {
    return withWarnings(await this.tools.get(actor, name));
  }

  @Patch(':name')
  @Scopes('tools:manage')
  @ApiOperation({ summary: 'Change policy, access or enabled; of a tool made by hand also its definition' })
  @Returns(ToolDetails)
  async update(
    @CurrentActor() actor: Actor,
    @Param('name', { schema: ToolName }) name: string,
    @Body({ schema: ToolUpdate }) update: ToolUpdate,
  ) {
    return withWarnings(await this.editor.update(actor, name, update));
  }

  @Delete(':name')
  @Scopes('tools:manage')
  @ApiOperation({ summary: 'Delete a tool that was made by hand' })
  @ReturnsNothing()
  remove(@CurrentActor() actor: Actor, @Param('name', { schema: ToolName }) name: string) {
    return this.editor.remove(actor, name);
  }
}

function withWarnings(tool: ToolDefinition): ToolDefinition & { warnings: string[] } {
  return { ...tool, warnings: clientWarnings(tool) };
}
