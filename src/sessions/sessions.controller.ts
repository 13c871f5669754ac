import { Controller, Delete, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { PageQuery } from '../common/page.js';
import { Returns, ReturnsNothing } from '../platform/http/returns.decorator.js';
import { SessionAnswer, SessionId, SessionPage } from './sessions.dto.js';
import { SessionsService } from './sessions.service.js';

@ApiTags('sessions')
@Controller('api/v1/sessions')
export class SessionsController {
  constructor(private readonly sessions: SessionsService) {}

  @Get()
  @ApiOperation({ summary: 'The open login sessions of the caller, newest first' })
  @Returns(SessionPage)
  list(@CurrentActor() actor: Actor, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.sessions.list(actor, query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One open login session' })
  @Returns(SessionAnswer)
  get(@CurrentActor() actor: Actor, @Param('id', { schema: SessionId }) id: string) {
    return this.sessions.get(actor, id);
  }

  @Delete(':id')
  @ApiOperation({ summary: 'End a login session at once' })
  @ReturnsNothing()
  end(@CurrentActor() actor: Actor, @Param('id', { schema: SessionId }) id: string) {
    return this.sessions.end(actor, id);
  }

  @Delete()
  @ApiOperation({ summary: 'End all login sessions but this one' })
  @ReturnsNothing()
  endOthers(@CurrentActor() actor: Actor) {
    return this.sessions.endOthers(actor);
  }
}
