import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type Actor } from '../../common/actor.js';
import { CurrentActor } from '../../common/current-actor.decorator.js';
import { Scopes } from '../../common/scopes.decorator.js';
import { Returns } from '../../platform/http/returns.decorator.js';
import { ApprovalPage, ApprovalQuery, ApprovalView, Decision } from './approvals.dto.js';
import { ApprovalsService } from './approvals.service.js';

const Id = { schema: z.uuid() };

@ApiTags('approvals')
@Scopes('runs')
@Controller('api/v1/approvals')
export class ApprovalsController {
  constructor(private readonly approvals: ApprovalsService) {}

  @Get()
  @ApiOperation({ summary: 'List what your runs ask you' })
  @Returns(ApprovalPage)
  list(@CurrentActor() actor: Actor, @Query({ schema: ApprovalQuery }) query: ApprovalQuery) {
    return this.approvals.list(actor, query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read what a run asks you' })
  @Returns(ApprovalView)
  get(@CurrentActor() actor: Actor, @Param('id', Id) id: string) {
    return this.approvals.get(actor, id);
  }

  @Post(':id')
  @ApiOperation({ summary: 'Approve, reject or edit a call; its run goes on' })
  @Returns(ApprovalView, 202)
  decide(
    @CurrentActor() actor: Actor,
    @Param('id', Id) id: string,
    @Body({ schema: Decision }) body: Decision,
  ) {
    return this.approvals.decide(actor, id, body);
  }
}
