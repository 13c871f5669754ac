import { Body, Controller, Param, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { Scopes } from '../common/scopes.decorator.js';
import { IdempotencyKey } from '../platform/idempotency/idempotent.decorator.js';
import { RunStarter, StartsRun } from './run-starter.js';
import { NewRun } from './runs.dto.js';

@ApiTags('runs')
@Scopes('runs')
@Controller('api/v1/conversations/:id/runs')
export class ConversationRunsController {
  constructor(private readonly starter: RunStarter) {}

  @Post()
  @ApiOperation({ summary: 'Send a message and run an agent on the conversation' })
  @StartsRun()
  create(
    @CurrentActor() actor: Actor,
    @IdempotencyKey() key: string | undefined,
    @Param('id', { schema: z.uuid() }) conversationId: string,
    @Body({ schema: NewRun }) body: NewRun,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.starter.start(actor, { key, body, request, reply, conversationId });
  }
}
