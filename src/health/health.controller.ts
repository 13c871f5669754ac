import { Controller, Get, Header, ServiceUnavailableException, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { Public } from '../common/public.decorator.js';
import { Returns } from '../platform/http/returns.decorator.js';
import { DocumentFilter } from './document.filter.js';
import { HealthDocument, ServiceInfo, StatusDocument } from './health.dto.js';
import { HealthService } from './health.service.js';
import { StatusService } from './status.service.js';

@ApiTags('health')
@Public()
@Controller()
export class HealthController {
  constructor(
    private readonly service: HealthService,
    private readonly statusService: StatusService,
  ) {}

  @Get()
  @ApiOperation({ summary: 'What this service is and where its parts are' })
  @Returns(ServiceInfo)
  info() {
    return this.service.info();
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
