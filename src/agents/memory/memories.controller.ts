import { Controller, Delete, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type Actor } from '../../common/actor.js';
import { CurrentActor } from '../../common/current-actor.decorator.js';
import { Scopes } from '../../common/scopes.decorator.js';
import { Returns, ReturnsNothing } from '../../platform/http/returns.decorator.js';
import { ForgetQuery, MemoryPage, MemoryQuery } from './memories.dto.js';
import { MemoriesService } from './memories.service.js';

@ApiTags('memories')
@Scopes('conversations')
@Controller('api/v1/memories')
export class MemoriesController {
  constructor(private readonly memories: MemoriesService) {}

  @Get()
  @ApiOperation({ summary: 'What agents keep about you' })
  @Returns(MemoryPage)
  list(@CurrentActor() actor: Actor, @Query({ schema: MemoryQuery }) query: MemoryQuery) {
    return this.memories.list(actor, query);
  }

  @Delete()
  @ApiOperation({ summary: 'Forget all notes about you, or those of one agent' })
  @ReturnsNothing()
  async deleteAll(
    @CurrentActor() actor: Actor,
    @Query({ schema: ForgetQuery }) query: z.infer<typeof ForgetQuery>,
  ): Promise<void> {
    await this.memories.deleteAll(actor, query.agent);
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Forget one note' })
  @ReturnsNothing()
  async delete(@CurrentActor() actor: Actor, @Param('id', { schema: z.uuid() }) id: string): Promise<void> {
    await this.memories.delete(actor, id);
  }
}
