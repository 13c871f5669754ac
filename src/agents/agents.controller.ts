import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { PageQuery } from '../common/page.js';
import { Scopes } from '../common/scopes.decorator.js';
import { Returns, ReturnsNothing } from '../platform/http/returns.decorator.js';
import { Idempotency } from '../platform/idempotency/idempotency.js';
import { Idempotent, IdempotencyKey } from '../platform/idempotency/idempotent.decorator.js';
import { AgentExtensions } from './agent-extensions.service.js';
import { AgentName } from './agent-spec.schema.js';
import {
  Agent,
  AgentPage,
  AgentVersionPage,
  CreateAgentRequest,
  ReloadedAgents,
  UpdateAgentRequest,
} from './agents.dto.js';
import { AgentsService } from './agents.service.js';

@ApiTags('agents')
@Controller('api/v1/agents')
export class AgentsController {
  constructor(
    private readonly agents: AgentsService,
    private readonly extensions: AgentExtensions,
    private readonly idempotency: Idempotency,
  ) {}

  @Get()
  @Scopes('agents:read')
  @ApiOperation({ summary: 'The shared agents and your own' })
  @Returns(AgentPage)
  list(@CurrentActor() actor: Actor, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.agents.list(actor, query);
  }

  @Post()
  @Scopes('agents:manage')
  @ApiOperation({ summary: 'Make an agent' })
  @Idempotent()
  @Returns(Agent, 201)
  create(
    @CurrentActor() actor: Actor,
    @IdempotencyKey() key: string | undefined,
    @Body({ schema: CreateAgentRequest }) body: CreateAgentRequest,
  ) {
    const { shared, ...spec } = body;
    return this.idempotency.once(actor, { key, route: 'POST /agents', body }, async (tx) => ({
      status: 201,
      body: await this.agents.create(actor, { ...spec, title: spec.title ?? spec.name }, shared, tx),
    }));
  }

  @Post('reload')
  @Scopes('agents:manage', 'admin')
  @ApiOperation({ summary: 'Read the agents of EXTENSIONS_DIR again' })
  @Returns(ReloadedAgents)
  reload() {
    return this.extensions.load();
  }

  @Get(':name')
  @Scopes('agents:read')
  @ApiOperation({ summary: 'One agent' })
  @Returns(Agent)
  get(@CurrentActor() actor: Actor, @Param('name', { schema: AgentName }) name: string) {
    return this.agents.get(actor, name);
  }

  @Patch(':name')
  @Scopes('agents:manage')
  @ApiOperation({ summary: 'Change an agent by a new version' })
  @Returns(Agent)
  update(
    @CurrentActor() actor: Actor,
    @Param('name', { schema: AgentName }) name: string,
    @Body({ schema: UpdateAgentRequest }) body: UpdateAgentRequest,
  ) {
    return this.agents.update(actor, name, body);
  }

  @Delete(':name')
  @Scopes('agents:manage')
  @ApiOperation({ summary: 'Delete an agent' })
  @ReturnsNothing()
  async remove(@CurrentActor() actor: Actor, @Param('name', { schema: AgentName }) name: string) {
    await this.agents.remove(actor, name);
  }

  @Get(':name/versions')
  @Scopes('agents:read')
  @ApiOperation({ summary: 'The versions of an agent, newest first' })
  @Returns(AgentVersionPage)
  versions(
    @CurrentActor() actor: Actor,
    @Param('name', { schema: AgentName }) name: string,
    @Query({ schema: PageQuery }) query: PageQuery,
  ) {
    return this.agents.versions(actor, name, query);
  }
}
