import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { z } from 'zod';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { Scopes } from '../common/scopes.decorator.js';
import { RunStreams } from './run-streams.service.js';
import { ConversationEventsQuery } from './runs.dto.js';

@ApiTags('conversations')
@Scopes('runs')
@Controller('api/v1/conversations/:id/events')
export class ConversationEventsController {
  constructor(private readonly streams: RunStreams) {}

  @Get()
  @ApiOperation({
    summary: 'Follow all runs of a conversation (SSE)',
    description:
      'Begins with the first run that has not ended, and goes on with every later one. Resumes after Last-Event-ID or `after`.',
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'Id of the last event that the client has.',
    schema: { type: 'string', maxLength: 64 },
  })
  @ApiResponse({
    status: 200,
    description: 'A stream of events, each with one line of JSON; the id is `<run id>/<number>`.',
    content: { 'text/event-stream': { schema: { type: 'string', description: 'Server-Sent Events.' } } },
  })
  follow(
    @CurrentActor() actor: Actor,
    @Param('id', { schema: z.uuid() }) id: string,
    @Query({ schema: ConversationEventsQuery }) query: ConversationEventsQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.streams.streamConversation(actor, id, query.after ?? (lastEventId || undefined), reply);
  }
}
