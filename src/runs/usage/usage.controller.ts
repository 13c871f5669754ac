import { Body, Controller, Get, Param, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type Actor } from '../../common/actor.js';
import { CurrentActor } from '../../common/current-actor.decorator.js';
import { Scopes } from '../../common/scopes.decorator.js';
import { Returns } from '../../platform/http/returns.decorator.js';
import { Budgets } from './budgets.service.js';
import { UsageQuery, UsageReport, UserBudget } from './usage.dto.js';
import { UsageService } from './usage.service.js';

@ApiTags('usage')
@Controller('api/v1')
export class UsageController {
  constructor(
    private readonly usage: UsageService,
    private readonly budgets: Budgets,
  ) {}

  @Get('usage')
  @Scopes('runs')
  @ApiOperation({ summary: 'Tokens and cost per day, agent or model' })
  @Returns(UsageReport)
  report(@CurrentActor() actor: Actor, @Query({ schema: UsageQuery }) query: UsageQuery) {
    return this.usage.report(actor, query);
  }

  @Put('users/:id/budget')
  @Scopes('admin')
  @ApiOperation({ summary: 'Give a user a budget of his own' })
  @Returns(UserBudget)
  async setBudget(
    @CurrentActor() actor: Actor,
    @Param('id', { schema: z.uuid() }) id: string,
    @Body({ schema: UserBudget }) body: UserBudget,
  ) {
    await this.budgets.set(actor, id, body);
    return body;
  }
}
