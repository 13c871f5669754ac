import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { PageQuery } from '../common/page.js';
import { Returns, ReturnsNothing } from '../platform/http/returns.decorator.js';
import { ApiKeyPage, NewApiKeyAnswer, NewApiKeyRequest } from './api-keys.dto.js';
import { ApiKeysService } from './api-keys.service.js';

@ApiTags('api-keys')
@Controller('api/v1/api-keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Post()
  @ApiOperation({ summary: 'Make an API key; the answer shows it once' })
  @Returns(NewApiKeyAnswer, 201)
  create(@CurrentActor() actor: Actor, @Body({ schema: NewApiKeyRequest }) body: NewApiKeyRequest) {
    return this.keys.create(actor, body);
  }

  @Get()
  @ApiOperation({ summary: 'The API keys of the caller, newest first' })
  @Returns(ApiKeyPage)
  list(@CurrentActor() actor: Actor, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.keys.list(actor, query);
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Revoke an API key at once' })
  @ReturnsNothing()
  revoke(@CurrentActor() actor: Actor, @Param('id', { schema: z.uuid() }) id: string) {
    return this.keys.revoke(actor, id);
  }
}
