import { Body, Controller, Get, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { Scopes } from '../common/scopes.decorator.js';
import { Returns } from '../platform/http/returns.decorator.js';
import {
  SimulationRequest,
  ToolCallPage,
  ToolCallQuery,
  ToolCallRequest,
  ToolCallResult,
} from './tool-calls.dto.js';
import { ToolExecutor } from './tool-executor.service.js';
import { ToolName } from './tools.dto.js';
import { ToolsService } from './tools.service.js';

@ApiTags('tools')
@Controller('api/v1')
export class ToolCallsController {
  constructor(
    private readonly tools: ToolsService,
    private readonly executor: ToolExecutor,
  ) {}

  @Post('tools/:name/call')
  @Scopes('tools:call')
  @ApiOperation({ summary: 'Call a tool, or ask by dryRun what a call would do' })
  @Returns(ToolCallResult)
  async call(
    @CurrentActor() actor: Actor,
    @Param('name', { schema: ToolName }) name: string,
    @Body({ schema: ToolCallRequest }) { arguments: args, dryRun }: ToolCallRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    return this.executor.execute(actor, { name, arguments: args, dryRun, signal: gone.signal });
  }

  @Post('tools/:name/simulate')
  @Scopes('tools:call')
  @ApiOperation({ summary: 'An answer made from the output schema, without running the tool' })
  @Returns(ToolCallResult)
  simulate(
    @CurrentActor() actor: Actor,
    @Param('name', { schema: ToolName }) name: string,
    @Body({ schema: SimulationRequest }) { arguments: args }: SimulationRequest,
  ) {
    return this.executor.execute(actor, { name, arguments: args, simulate: true });
  }

  @Get('tool-calls')
  @Scopes('tools:read')
  @ApiOperation({ summary: 'Records of tool calls: mine, for an admin all' })
  @Returns(ToolCallPage)
  list(@CurrentActor() actor: Actor, @Query({ schema: ToolCallQuery }) query: ToolCallQuery) {
    return this.tools.listCalls(actor, query);
  }
}
