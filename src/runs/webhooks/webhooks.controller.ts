import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type Actor } from '../../common/actor.js';
import { CurrentActor } from '../../common/current-actor.decorator.js';
import { PageQuery } from '../../common/page.js';
import { Scopes } from '../../common/scopes.decorator.js';
import { Returns, ReturnsNothing } from '../../platform/http/returns.decorator.js';
import {
  CreatedWebhook,
  DeliveryPage,
  DeliveryQuery,
  NewWebhook,
  PingResult,
  WebhookChanges,
  WebhookPage,
  WebhookView,
} from './webhooks.dto.js';
import { WebhooksService } from './webhooks.service.js';

const Id = { schema: z.uuid() };

@ApiTags('webhooks')
@Scopes('runs')
@Controller('api/v1/webhooks')
export class WebhooksController {
  constructor(private readonly webhooks: WebhooksService) {}

  @Post()
  @ApiOperation({
    summary: 'Be told by a POST when a run ends or needs you; the answer shows the secret once',
  })
  @Returns(CreatedWebhook, 201)
  create(@CurrentActor() actor: Actor, @Body({ schema: NewWebhook }) body: NewWebhook) {
    return this.webhooks.create(actor, body);
  }

  @Get()
  @ApiOperation({ summary: 'Your webhooks, newest first' })
  @Returns(WebhookPage)
  list(@CurrentActor() actor: Actor, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.webhooks.list(actor, query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'A webhook' })
  @Returns(WebhookView)
  get(@CurrentActor() actor: Actor, @Param('id', Id) id: string) {
    return this.webhooks.get(actor, id);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change address or events, or switch a webhook off' })
  @Returns(WebhookView)
  update(
    @CurrentActor() actor: Actor,
    @Param('id', Id) id: string,
    @Body({ schema: WebhookChanges }) body: WebhookChanges,
  ) {
    return this.webhooks.update(actor, id, body);
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Delete a webhook and what it was still to be told' })
  @ReturnsNothing()
  async remove(@CurrentActor() actor: Actor, @Param('id', Id) id: string): Promise<void> {
    await this.webhooks.remove(actor, id);
  }

  @Get(':id/deliveries')
  @ApiOperation({ summary: 'What a webhook was told in the last week, newest first' })
  @Returns(DeliveryPage)
  deliveries(
    @CurrentActor() actor: Actor,
    @Param('id', Id) id: string,
    @Query({ schema: DeliveryQuery }) query: DeliveryQuery,
  ) {
    return this.webhooks.deliveries(actor, id, query);
  }

  @Post(':id/ping')
  @ApiOperation({ summary: 'Send a trial delivery now' })
  @Returns(PingResult)
  ping(@CurrentActor() actor: Actor, @Param('id', Id) id: string) {
    return this.webhooks.ping(actor, id);
  }
}
