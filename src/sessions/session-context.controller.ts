import { Body, Controller, Delete, Get, Param, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { Returns, ReturnsNothing } from '../platform/http/returns.decorator.js';
import { ContextEntries, ContextEntry, ContextKey, PutContext } from './session-context.dto.js';
import { SessionContextService } from './session-context.service.js';
import { SessionId } from './sessions.dto.js';

@ApiTags('sessions')
@Controller('api/v1/sessions/:id/context')
export class SessionContextController {
  constructor(private readonly context: SessionContextService) {}

  @Get()
  @ApiOperation({ summary: 'What a session keeps' })
  @Returns(ContextEntries)
  async list(@CurrentActor() actor: Actor, @Param('id', { schema: SessionId }) id: string) {
    return { items: await this.context.list(actor, id) };
  }

  @Get(':key')
  @ApiOperation({ summary: 'One value of a session' })
  @Returns(ContextEntry)
  get(
    @CurrentActor() actor: Actor,
    @Param('id', { schema: SessionId }) id: string,
    @Param('key', { schema: ContextKey }) key: string,
  ) {
    return this.context.get(actor, id, key);
  }

  @Put(':key')
  @ApiOperation({ summary: 'Keep a value for a while' })
  @Returns(ContextEntry)
  put(
    @CurrentActor() actor: Actor,
    @Param('id', { schema: SessionId }) id: string,
    @Param('key', { schema: ContextKey }) key: string,
    @Body({ schema: PutContext }) body: PutContext,
  ) {
    return this.context.put(actor, id, key, body.value, body.ttlSeconds);
  }

  @Delete(':key')
  @ApiOperation({ summary: 'Forget a value' })
  @ReturnsNothing()
  remove(
    @CurrentActor() actor: Actor,
    @Param('id', { schema: SessionId }) id: string,
    @Param('key', { schema: ContextKey }) key: string,
  ) {
    return this.context.remove(actor, id, key);
  }
}
