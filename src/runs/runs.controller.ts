import { Body, Controller, Get, Headers, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type Actor } from '../common/actor.js';
import { CommonErrors } from '../common/common.errors.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { PageQuery } from '../common/page.js';
import { Scopes } from '../common/scopes.decorator.js';
import { Returns } from '../platform/http/returns.decorator.js';
import { Idempotent, IdempotencyKey } from '../platform/idempotency/idempotent.decorator.js';
import { RunIntake } from './run-intake.service.js';
import { RunStarter, StartsRun } from './run-starter.js';
import { RunStreams } from './run-streams.service.js';
import { EventsQuery, NewLoneRun, Run, RunPage, RunQuery, RunStepPage, WaitQuery } from './runs.dto.js';
import { RunsService } from './runs.service.js';

const Id = { schema: z.uuid() };

@ApiTags('runs')
@Scopes('runs')
@Controller('api/v1/runs')
export class RunsController {
  constructor(
    private readonly runs: RunsService,
    private readonly starter: RunStarter,
    private readonly streams: RunStreams,
    private readonly intake: RunIntake,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Run an agent without a conversation' })
  @StartsRun()
  create(
    @CurrentActor() actor: Actor,
    @IdempotencyKey() key: string | undefined,
    @Body({ schema: NewLoneRun }) body: NewLoneRun,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.starter.start(actor, { key, body, request, reply });
  }

  @Get()
  @ApiOperation({ summary: 'List runs' })
  @Returns(RunPage)
  list(@CurrentActor() actor: Actor, @Query({ schema: RunQuery }) query: RunQuery) {
    return this.runs.list(actor, query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a run' })
  @Returns(Run)
  get(@CurrentActor() actor: Actor, @Param('id', Id) id: string) {
    return this.runs.get(actor, id);
  }

  @Get(':id/wait')
  @ApiOperation({ summary: 'Wait until a run has ended or needs somebody, and read it' })
  @Returns(Run)
  async wait(
    @CurrentActor() actor: Actor,
    @Param('id', Id) id: string,
    @Query({ schema: WaitQuery }) query: z.infer<typeof WaitQuery>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    return this.runs.wait(actor, id, query.timeoutMs, gone.signal);
  }

  @Get(':id/steps')
  @ApiOperation({ summary: 'List the steps of a run: model calls, tool calls, questions to sub-agents' })
  @Returns(RunStepPage)
  steps(
    @CurrentActor() actor: Actor,
    @Param('id', Id) id: string,
    @Query({ schema: PageQuery }) query: PageQuery,
  ) {
    return this.runs.steps(actor, id, query);
  }

  @Get(':id/events')
  @ApiOperation({
    summary: 'Follow the events of a run (SSE)',
    description: 'Ends with the run, or when it needs somebody. Resumes after Last-Event-ID or `after`.',
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false, schema: { type: 'integer', minimum: 0 } })
  @ApiResponse({
    status: 200,
    description: 'A stream of events, each with one line of JSON.',
    content: { 'text/event-stream': { schema: { type: 'string', description: 'Server-Sent Events.' } } },
  })
  async events(
    @CurrentActor() actor: Actor,
    @Param('id', Id) id: string,
    @Query({ schema: EventsQuery }) query: z.infer<typeof EventsQuery>,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const header = lastEventId === undefined || lastEventId === '' ? '0' : lastEventId;
    if (!/^\d{1,9}$/.test(header)) {
      throw CommonErrors.invalid_request('Last-Event-ID must be the number of an event of this run.');
    }
    await this.streams.stream(actor, id, query.after ?? Number(header), reply);
  }

  @Post(':id/retry')
  @ApiOperation({
    summary: 'Do a run again that failed, was cancelled or expired: a new run of the same question',
  })
  @Idempotent()
  @Returns(Run, 202)
  async retry(
    @CurrentActor() actor: Actor,
    @IdempotencyKey() key: string | undefined,
    @Param('id', Id) id: string,
  ) {
    const request = await this.runs.retryOf(actor, id);
    return this.intake.start(actor, request, { key, route: `POST /runs/${id}/retry`, body: undefined });
  }

  @Post(':id/cancel')
  @ApiOperation({ summary: 'Ask a run to stop' })
  @Returns(Run, 202)
  cancel(@CurrentActor() actor: Actor, @Param('id', Id) id: string) {
    return this.runs.cancel(actor, id);
  }
}
