import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { PageQuery } from '../common/page.js';
import { Scopes } from '../common/scopes.decorator.js';
import { Returns, ReturnsNothing } from '../platform/http/returns.decorator.js';
import { UserAdminService } from './user-admin.service.js';
import { NewUserRequest, UserAnswer, UserChange, UserPage } from './users.dto.js';

@ApiTags('users')
@Controller('api/v1/users')
@Scopes('admin')
export class UsersController {
  constructor(private readonly users: UserAdminService) {}

  @Post()
  @ApiOperation({ summary: 'Make an account' })
  @Returns(UserAnswer, 201)
  create(@CurrentActor() actor: Actor, @Body({ schema: NewUserRequest }) body: NewUserRequest) {
    return this.users.create(actor, body);
  }

  @Get()
  @ApiOperation({ summary: 'All accounts, newest first' })
  @Returns(UserPage)
  list(@CurrentActor() actor: Actor, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.users.list(actor, query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One account' })
  @Returns(UserAnswer)
  get(@CurrentActor() actor: Actor, @Param('id', { schema: z.uuid() }) id: string) {
    return this.users.get(actor, id);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change the name, the role, or whether the account may be used' })
  @Returns(UserAnswer)
  change(
    @CurrentActor() actor: Actor,
    @Param('id', { schema: z.uuid() }) id: string,
    @Body({ schema: UserChange }) body: UserChange,
  ) {
    return this.users.change(actor, id, body);
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Remove an account with all that is its own' })
  @ReturnsNothing()
  remove(@CurrentActor() actor: Actor, @Param('id', { schema: z.uuid() }) id: string) {
    return this.users.remove(actor, id);
  }
}
