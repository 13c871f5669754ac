import { Body, Controller, Delete, Get, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Actor } from '../../common/actor.js';
import { CurrentActor } from '../../common/current-actor.decorator.js';
import { PageQuery } from '../../common/page.js';
import { Scopes } from '../../common/scopes.decorator.js';
import { Returns, ReturnsNothing } from '../../platform/http/returns.decorator.js';
import { SecretName, SecretPage, SecretRequest, SecretRotation, SecretView } from './secrets.dto.js';
import { SecretsService } from './secrets.service.js';

@ApiTags('secrets')
@Controller('api/v1/secrets')
export class SecretsController {
  constructor(private readonly secrets: SecretsService) {}

  @Get()
  @Scopes('tools:manage')
  @ApiOperation({ summary: 'Names and origins of the secrets; a value is never shown' })
  @Returns(SecretPage)
  list(@CurrentActor() actor: Actor, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.secrets.list(actor, query);
  }

  @Put(':name')
  @Scopes('tools:manage')
  @ApiOperation({ summary: 'Store a secret, in place of what was there' })
  @Returns(SecretView)
  put(
    @CurrentActor() actor: Actor,
    @Param('name', { schema: SecretName }) name: string,
    @Body({ schema: SecretRequest }) body: SecretRequest,
  ) {
    return this.secrets.put(actor, name, body);
  }

  @Delete(':name')
  @Scopes('tools:manage')
  @ApiOperation({ summary: 'Forget a secret; tools that use it fail from now on' })
  @ReturnsNothing()
  delete(@CurrentActor() actor: Actor, @Param('name', { schema: SecretName }) name: string) {
    return this.secrets.delete(actor, name);
  }

  @Post('rotate')
  @Scopes('tools:manage')
  @ApiOperation({ summary: 'Protect every secret by the first key of ENCRYPTION_KEYS' })
  @Returns(SecretRotation)
  rotate(@CurrentActor() actor: Actor) {
    return this.secrets.rotate(actor);
  }
}
