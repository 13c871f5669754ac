import { Readable } from 'node:stream';
import { Body, Controller, Get, Param, Post, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { Scopes } from '../common/scopes.decorator.js';
import { Returns } from '../platform/http/returns.decorator.js';
import { Idempotency } from '../platform/idempotency/idempotency.js';
import { Idempotent, IdempotencyKey } from '../platform/idempotency/idempotent.decorator.js';
import { AgentName } from './agent-spec.schema.js';
import { AgentTransfer } from './agent-transfer.service.js';
import { Agent, ImportAgentRequest, ImportedAgent, RollbackAgentRequest } from './agents.dto.js';
import { AgentsService } from './agents.service.js';

/** Agents as files, and back to an earlier version. */
@ApiTags('agents')
@Controller('api/v1/agents')
export class AgentTransfersController {
  constructor(
    private readonly transfer: AgentTransfer,
    private readonly agents: AgentsService,
    private readonly idempotency: Idempotency,
  ) {}

  @Post('import')
  @Scopes('agents:manage')
  @ApiOperation({ summary: 'Make or change an agent by its YAML; with dryRun only say what would change' })
  @Idempotent()
  @Returns(ImportedAgent)
  async import(
    @CurrentActor() actor: Actor,
    @IdempotencyKey() key: string | undefined,
    @Body({ schema: ImportAgentRequest }) body: ImportAgentRequest,
  ) {
    return this.idempotency.once(actor, { key, route: 'POST /agents/import', body }, async (tx) => ({
      status: 200,
      body: await this.transfer.import(actor, body, tx),
    }));
  }

  @Get(':name/export')
  @Scopes('agents:read')
  @ApiOperation({ summary: 'Download an agent as YAML' })
  @ApiResponse({
    status: 200,
    description: 'The agent, as EXTENSIONS_DIR and POST agents/import take it.',
    content: { 'application/yaml': { schema: { type: 'string' } } },
  })
  async export(@CurrentActor() actor: Actor, @Param('name', { schema: AgentName }) name: string) {
    return new StreamableFile(
      Readable.from([await this.transfer.export(actor, name)], { objectMode: false }),
      {
        type: 'application/yaml; charset=utf-8',
        disposition: `attachment; filename="${name}.agent.yaml"`,
      },
    );
  }

  @Post(':name/rollback')
  @Scopes('agents:manage')
  @ApiOperation({ summary: 'Use another version of an agent' })
  @Returns(Agent)
  rollback(
    @CurrentActor() actor: Actor,
    @Param('name', { schema: AgentName }) name: string,
    @Body({ schema: RollbackAgentRequest }) body: RollbackAgentRequest,
  ) {
    return this.agents.rollback(actor, name, body.version);
  }
}
