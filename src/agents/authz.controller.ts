import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { Scopes } from '../common/scopes.decorator.js';
import { Returns } from '../platform/http/returns.decorator.js';
import { ExplainQuery, Explanation } from './authz.dto.js';
import { AuthzService } from './authz.service.js';

@ApiTags('tools')
@Controller('api/v1/authz')
export class AuthzController {
  constructor(private readonly authz: AuthzService) {}

  @Get('explain')
  @Scopes('tools:read')
  @ApiOperation({ summary: 'Why I, one of my agents or (admins) another user may call a tool or not' })
  @Returns(Explanation)
  explain(@CurrentActor() actor: Actor, @Query({ schema: ExplainQuery }) query: ExplainQuery) {
    return this.authz.explain(actor, query);
  }
}
