import { Readable } from 'node:stream';
import { Body, Controller, Get, Post, Query, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { type Actor } from '../../common/actor.js';
import { CurrentActor } from '../../common/current-actor.decorator.js';
import { Scopes } from '../../common/scopes.decorator.js';
import { MaxBody } from '../../platform/http/json-body.js';
import { Returns } from '../../platform/http/returns.decorator.js';
import { ExportQuery, ImportRequest, ImportResult, RegistryDocument } from './registry-file.dto.js';
import { RegistryFile } from './registry-file.service.js';

/** A file of 3 MiB, written as a JSON text. */
const MAX_BODY = 5 << 20;

/** The whole registry as one file. */
@ApiTags('tools')
@Scopes('tools:manage')
@Controller('api/v1/tools')
export class RegistryFileController {
  constructor(private readonly file: RegistryFile) {}

  @Get('export')
  @ApiOperation({ summary: 'Download the registry as one file' })
  @ApiResponse({ status: 200, standardSchema: RegistryDocument, description: 'YAML text, or JSON.' })
  async export(@CurrentActor() actor: Actor, @Query({ schema: ExportQuery }) { format }: ExportQuery) {
    const text = await this.file.export(actor, format);
    return new StreamableFile(Readable.from([text], { objectMode: false }), {
      type: format === 'json' ? 'application/json; charset=utf-8' : 'application/yaml; charset=utf-8',
      disposition: `attachment; filename="tools.${format}"`,
    });
  }

  @Post('import')
  @MaxBody(MAX_BODY)
  @ApiOperation({ summary: 'Make the registry as a file says, or only tell what would change' })
  @Returns(ImportResult)
  import(@CurrentActor() actor: Actor, @Body({ schema: ImportRequest }) body: ImportRequest) {
    return this.file.import(actor, body);
  }
}
