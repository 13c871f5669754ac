import { Body, Controller, Param, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { Scopes } from '../common/scopes.decorator.js';
import { IdempotencyKey } from '../platform/idempotency/idempotent.decorator.js';
import { Regenerations } from './regenerations.service.js';
import { RunStarter, StartsRun } from './run-starter.js';
import { Regeneration } from './runs.dto.js';

@ApiTags('runs')
@Scopes('runs')
@Controller('api/v1/conversations/:id/messages/:messageId/regenerate')
export class RegenerationsController {
  constructor(
    private readonly starter: RunStarter,
    private readonly regenerations: Regenerations,
  ) {}

  @Post()
  @ApiOperation({
    summary: 'Answer the question of a message once more: the new answer stands beside the old one',
  })
  @StartsRun()
  async create(
    @CurrentActor() actor: Actor,
    @IdempotencyKey() key: string | undefined,
    @Param('id', { schema: z.uuid() }) conversationId: string,
    @Param('messageId', { schema: z.uuid() }) messageId: string,
    @Body({ schema: Regeneration }) body: Regeneration,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const wanted = await this.regenerations.requestOf(actor, conversationId, messageId);
    return this.starter.start(actor, { key, body, request, reply, wanted });
  }
}
