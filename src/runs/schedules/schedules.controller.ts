import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type Actor } from '../../common/actor.js';
import { CurrentActor } from '../../common/current-actor.decorator.js';
import { PageQuery } from '../../common/page.js';
import { Scopes } from '../../common/scopes.decorator.js';
import { Returns, ReturnsNothing } from '../../platform/http/returns.decorator.js';
import { Idempotency } from '../../platform/idempotency/idempotency.js';
import { Idempotent, IdempotencyKey } from '../../platform/idempotency/idempotent.decorator.js';
import { NewSchedule, SchedulePage, ScheduleUpdate, ScheduleView } from './schedules.dto.js';
import { SchedulesService } from './schedules.service.js';

const Id = { schema: z.uuid() };

@ApiTags('schedules')
@Scopes('runs')
@Controller('api/v1/schedules')
export class SchedulesController {
  constructor(
    private readonly schedules: SchedulesService,
    private readonly idempotency: Idempotency,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Ask an agent again and again, by a cron expression in a time zone' })
  @Idempotent()
  @Returns(ScheduleView, 201)
  async create(
    @CurrentActor() actor: Actor,
    @IdempotencyKey() key: string | undefined,
    @Body({ schema: NewSchedule }) body: NewSchedule,
  ) {
    await this.schedules.check(actor, body);
    return this.idempotency.once(actor, { key, route: 'POST /schedules', body }, async (transaction) => ({
      status: 201,
      body: await this.schedules.create(actor, body, transaction),
    }));
  }

  @Get()
  @ApiOperation({ summary: 'List schedules' })
  @Returns(SchedulePage)
  list(@CurrentActor() actor: Actor, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.schedules.list(actor, query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a schedule' })
  @Returns(ScheduleView)
  get(@CurrentActor() actor: Actor, @Param('id', Id) id: string) {
    return this.schedules.get(actor, id);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change a schedule; `enabled: true` also wakes one that the server paused' })
  @Returns(ScheduleView)
  update(
    @CurrentActor() actor: Actor,
    @Param('id', Id) id: string,
    @Body({ schema: ScheduleUpdate }) body: ScheduleUpdate,
  ) {
    return this.schedules.update(actor, id, body);
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Delete a schedule; the runs that it made stay' })
  @ReturnsNothing()
  async delete(@CurrentActor() actor: Actor, @Param('id', Id) id: string): Promise<void> {
    await this.schedules.delete(actor, id);
  }
}
