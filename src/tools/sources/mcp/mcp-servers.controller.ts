import { Body, Controller, Delete, Get, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { z } from 'zod';
import { type Actor } from '../../../common/actor.js';
import { CurrentActor } from '../../../common/current-actor.decorator.js';
import { Scopes } from '../../../common/scopes.decorator.js';
import { Returns, ReturnsNothing } from '../../../platform/http/returns.decorator.js';
import { Idempotency } from '../../../platform/idempotency/idempotency.js';
import { Idempotent, IdempotencyKey } from '../../../platform/idempotency/idempotent.decorator.js';
import {
  CreateMcpServerRequest,
  McpServer,
  McpServerPage,
  McpServerQuery,
  McpServerRefresh,
  refuseStdio,
  UpdateMcpServerRequest,
} from './mcp-servers.dto.js';
import { McpServersService } from './mcp-servers.service.js';

@ApiTags('mcp-servers')
@Controller('api/v1/mcp-servers')
export class McpServersController {
  constructor(
    private readonly servers: McpServersService,
    private readonly idempotency: Idempotency,
  ) {}

  @Get()
  @Scopes('tools:read')
  @ApiOperation({ summary: 'The upstream MCP servers, by name' })
  @Returns(McpServerPage)
  list(@CurrentActor() actor: Actor, @Query({ schema: McpServerQuery }) query: McpServerQuery) {
    return this.servers.list(actor, query);
  }

  @Post()
  @Scopes('tools:manage')
  @ApiOperation({ summary: 'Add an upstream MCP server' })
  @Idempotent()
  @Returns(McpServer, 201)
  create(
    @CurrentActor() actor: Actor,
    @IdempotencyKey() key: string | undefined,
    @Body({ schema: CreateMcpServerRequest }) body: CreateMcpServerRequest,
  ) {
    return this.idempotency.once(actor, { key, route: 'POST /mcp-servers', body }, async (tx) => ({
      status: 201,
      body: await this.servers.create(actor, body, tx),
    }));
  }

  @Get(':id')
  @Scopes('tools:read')
  @ApiOperation({ summary: 'An upstream MCP server and how it is' })
  @Returns(McpServer)
  get(@CurrentActor() actor: Actor, @Param('id', { schema: z.uuid() }) id: string) {
    return this.servers.get(actor, id);
  }

  @Patch(':id')
  @Scopes('tools:manage')
  @ApiOperation({ summary: 'Change how it is reached, or turn it off and on' })
  @Returns(McpServer)
  update(
    @CurrentActor() actor: Actor,
    @Param('id', { schema: z.uuid() }) id: string,
    @Body({ schema: UpdateMcpServerRequest }) body: UpdateMcpServerRequest,
  ) {
    refuseStdio(body);
    return this.servers.update(actor, id, body);
  }

  @Delete(':id')
  @Scopes('tools:manage')
  @ApiOperation({ summary: 'Remove it with its tools' })
  @ReturnsNothing()
  async remove(@CurrentActor() actor: Actor, @Param('id', { schema: z.uuid() }) id: string) {
    await this.servers.remove(actor, id);
  }

  @Post(':id/refresh')
  @Scopes('tools:manage')
  @ApiOperation({ summary: 'Look at it now: list its tools again' })
  @Returns(McpServerRefresh)
  refresh(
    @CurrentActor() actor: Actor,
    @Param('id', { schema: z.uuid() }) id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    return this.servers.refresh(actor, id, gone.signal);
  }
}
