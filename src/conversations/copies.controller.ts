import { Readable } from 'node:stream';
import { Body, Controller, Get, Param, Post, Query, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { Scopes } from '../common/scopes.decorator.js';
import { Returns } from '../platform/http/returns.decorator.js';
import { Idempotency } from '../platform/idempotency/idempotency.js';
import { Idempotent, IdempotencyKey } from '../platform/idempotency/idempotent.decorator.js';
import { Conversation, ConversationExport, ExportQuery, ForkRequest } from './conversations.dto.js';
import { ExportService } from './export.service.js';
import { ForksService } from './forks.service.js';

/** Copies of a conversation: another conversation, or a file. */
@ApiTags('conversations')
@Scopes('conversations')
@Controller('api/v1/conversations/:id')
export class CopiesController {
  constructor(
    private readonly forks: ForksService,
    private readonly exports: ExportService,
    private readonly idempotency: Idempotency,
  ) {}

  @Post('fork')
  @ApiOperation({ summary: 'Start a conversation as a copy of this one up to a message' })
  @Idempotent()
  @Returns(Conversation, 201)
  fork(
    @CurrentActor() actor: Actor,
    @IdempotencyKey() key: string | undefined,
    @Param('id', { schema: z.uuid() }) id: string,
    @Body({ schema: ForkRequest }) body: ForkRequest,
  ) {
    const route = `POST /conversations/${id}/fork`;
    return this.idempotency.once(actor, { key, route, body }, async (transaction) => ({
      status: 201,
      body: await this.forks.fork(actor, id, body.messageId, transaction),
    }));
  }

  @Get('export')
  @ApiOperation({ summary: 'Download a conversation' })
  @ApiResponse({ status: 200, standardSchema: ConversationExport, description: 'JSON, or Markdown as text.' })
  async export(
    @CurrentActor() actor: Actor,
    @Param('id', { schema: z.uuid() }) id: string,
    @Query({ schema: ExportQuery }) { format }: ExportQuery,
  ) {
    const isJson = format === 'json';
    const text = isJson ? await this.exports.json(actor, id) : await this.exports.markdown(actor, id);
    return new StreamableFile(Readable.from(text, { objectMode: false }), {
      type: isJson ? 'application/json; charset=utf-8' : 'text/markdown; charset=utf-8',
      disposition: `attachment; filename="conversation-${id}.${isJson ? 'json' : 'md'}"`,
    });
  }
}
