import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { Scopes } from '../common/scopes.decorator.js';
import { Returns, ReturnsNothing } from '../platform/http/returns.decorator.js';
import { Idempotency } from '../platform/idempotency/idempotency.js';
import { Idempotent, IdempotencyKey } from '../platform/idempotency/idempotent.decorator.js';
import { Message, MessagePage, MessageQuery, PostedMessage } from './conversations.dto.js';
import { MessagesService } from './messages.service.js';

@ApiTags('conversations')
@Scopes('conversations')
@Controller('api/v1/conversations/:id/messages')
export class MessagesController {
  constructor(
    private readonly messages: MessagesService,
    private readonly idempotency: Idempotency,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List the messages of a conversation' })
  @Returns(MessagePage)
  list(
    @CurrentActor() actor: Actor,
    @Param('id', { schema: z.uuid() }) id: string,
    @Query({ schema: MessageQuery }) query: MessageQuery,
  ) {
    return this.messages.list(actor, id, query);
  }

  @Post()
  @ApiOperation({ summary: 'Append a message without running an agent' })
  @Idempotent()
  @Returns(Message, 201)
  append(
    @CurrentActor() actor: Actor,
    @IdempotencyKey() key: string | undefined,
    @Param('id', { schema: z.uuid() }) id: string,
    @Body({ schema: PostedMessage }) body: PostedMessage,
  ) {
    const route = `POST /conversations/${id}/messages`;
    return this.idempotency.once(actor, { key, route, body }, async (transaction) => ({
      status: 201,
      body: await this.messages.append(
        actor,
        { conversationId: id, role: 'user', content: body.content, status: 'complete' },
        transaction,
      ),
    }));
  }

  @Patch(':messageId')
  @ApiOperation({ summary: 'Edit a message of yours: puts another version beside it' })
  @Returns(Message)
  edit(
    @CurrentActor() actor: Actor,
    @Param('id', { schema: z.uuid() }) id: string,
    @Param('messageId', { schema: z.uuid() }) messageId: string,
    @Body({ schema: PostedMessage }) body: PostedMessage,
  ) {
    return this.messages.edit(actor, id, messageId, body.content);
  }

  @Delete(':messageId')
  @ApiOperation({ summary: 'Delete a message and all that follow from it' })
  @ReturnsNothing()
  async delete(
    @CurrentActor() actor: Actor,
    @Param('id', { schema: z.uuid() }) id: string,
    @Param('messageId', { schema: z.uuid() }) messageId: string,
  ): Promise<void> {
    await this.messages.delete(actor, id, messageId);
  }
}
