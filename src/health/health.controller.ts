import {
  Controller,
  Get,
  Header,
  Headers,
  Res,
  ServiceUnavailableException,
  UseFilters,
} from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { Public } from '../common/public.decorator.js';
import { Returns } from '../platform/http/returns.decorator.js';
import { DocumentFilter } from './document.filter.js';
import { HealthDocument, ServiceInfo, StatusDocument } from './health.dto.js';
import { HealthService } from './health.service.js';
import { StatusService } from './status.service.js';
import { prefersHtml, welcomePage } from './welcome-page.js';

@ApiTags('health')
@Public()
@Controller()
export class HealthController {
  constructor(
    private readonly service: HealthService,
    private readonly statusService: StatusService,
  ) {}

  /** No `@Returns`: that would check the page against the schema of the JSON. */
  @Get()
  @ApiOperation({ summary: 'What this service is and where its parts are; a page for browsers' })
  @ApiResponse({ status: 200, standardSchema: ServiceInfo })
  @Header('Vary', 'Accept')
  async info(
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ServiceInfo | string> {
    const info = await this.service.info();
    if (!prefersHtml(accept)) return info;
    reply.type('text/html; charset=utf-8');
    return welcomePage(info);
  }

  @Get('health')
  @ApiOperation({ summary: 'Health for people and dashboards; machines use /health/live or /health/ready' })
  @ApiResponse({ status: 503, standardSchema: HealthDocument })
  @Returns(HealthDocument)
  @Header('Cache-Control', 'no-store')
  @UseFilters(DocumentFilter)
  async health() {
    const document = await this.service.health();
    if (document.status !== 'healthy') throw new ServiceUnavailableException(document);
    return document;
  }

  @Get('api/status')
  @ApiOperation({ summary: 'State of the service, in detail for callers with a credential' })
  @Returns(StatusDocument)
  status(@CurrentActor() actor: Actor | undefined) {
    return this.statusService.read(actor);
  }
}
