import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { Scopes } from '../common/scopes.decorator.js';
import { Returns, ReturnsNothing } from '../platform/http/returns.decorator.js';
import { Idempotency } from '../platform/idempotency/idempotency.js';
import { Idempotent, IdempotencyKey } from '../platform/idempotency/idempotent.decorator.js';
import {
  Conversation,
  ConversationChanges,
  ConversationPage,
  ConversationQuery,
  NewConversation,
} from './conversations.dto.js';
import { ConversationsService } from './conversations.service.js';

@ApiTags('conversations')
@Scopes('conversations')
@Controller('api/v1/conversations')
export class ConversationsController {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly idempotency: Idempotency,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Start a conversation' })
  @Idempotent()
  @Returns(Conversation, 201)
  create(
    @CurrentActor() actor: Actor,
    @IdempotencyKey() key: string | undefined,
    @Body({ schema: NewConversation }) body: NewConversation,
  ) {
    return this.idempotency.once(actor, { key, route: 'POST /conversations', body }, async (transaction) => ({
      status: 201,
      body: await this.conversations.create(actor, body, transaction),
    }));
  }

  @Get()
  @ApiOperation({ summary: 'List and search conversations, newest first' })
  @Returns(ConversationPage)
  list(@CurrentActor() actor: Actor, @Query({ schema: ConversationQuery }) query: ConversationQuery) {
    return this.conversations.list(actor, query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a conversation' })
  @Returns(Conversation)
  get(@CurrentActor() actor: Actor, @Param('id', { schema: z.uuid() }) id: string) {
    return this.conversations.get(actor, id);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Rename, archive or annotate a conversation' })
  @Returns(Conversation)
  update(
    @CurrentActor() actor: Actor,
    @Param('id', { schema: z.uuid() }) id: string,
    @Body({ schema: ConversationChanges }) body: ConversationChanges,
  ) {
    return this.conversations.update(actor, id, body);
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Delete a conversation with its messages' })
  @ReturnsNothing()
  async delete(@CurrentActor() actor: Actor, @Param('id', { schema: z.uuid() }) id: string): Promise<void> {
    await this.conversations.delete(actor, id);
  }
}
