import { applyDecorators, Controller, Get, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import {
  HealthCheck,
  HealthCheckService,
  type HealthIndicatorFunction,
  HealthIndicatorService,
} from '@nestjs/terminus';
import { Public } from '../common/public.decorator.js';
import { DatabaseProbe } from '../platform/database/database-probe.js';
import { Migrator } from '../platform/database/migrator.js';
import { Draining } from '../platform/http/draining.js';
import { Returns } from '../platform/http/returns.decorator.js';
import { DocumentFilter } from './document.filter.js';
import { ProbeDocument } from './health.dto.js';

/** Documented here: Terminus' own documentation needs a `require` of Swagger, which Node 20 refuses for ESM. */
function Probe(): MethodDecorator {
  return applyDecorators(
    HealthCheck({ noCache: true, swaggerDocumentation: false }),
    Returns(ProbeDocument),
    ApiResponse({ status: 503, standardSchema: ProbeDocument }),
  );
}

/** Probes for orchestrators and load balancers, as Terminus documents: 200 or 503. */
@ApiTags('health')
@Public()
@UseFilters(DocumentFilter)
@Controller('health')
export class ProbesController {
  constructor(
    private readonly checks: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly database: DatabaseProbe,
    private readonly migrator: Migrator,
    private readonly draining: Draining,
  ) {}

  /** Never looks at a dependency: a restart of this process would not mend one. */
  @Get('live')
  @ApiOperation({ summary: 'Liveness: this process answers' })
  @Probe()
  live() {
    return this.checks.check([]);
  }

  @Get('ready')
  @ApiOperation({ summary: 'Readiness: PostgreSQL answers, migrations are done, not shutting down' })
  @Probe()
  ready() {
    return this.checks.check([this.postgresql, this.migrations, this.serving]);
  }

  @Get('startup')
  @ApiOperation({ summary: 'Startup: migrations are done' })
  @Probe()
  startup() {
    return this.checks.check([this.migrations]);
  }

  private readonly postgresql: HealthIndicatorFunction = async () => {
    const indicator = this.indicators.check('postgresql');
    const answers = await this.database.ping().then(
      () => true,
      () => false,
    );
    return answers ? indicator.up() : indicator.down('does not answer');
  };

  private readonly migrations: HealthIndicatorFunction = async () => {
    const indicator = this.indicators.check('migrations');
    const current = await this.migrator.isCurrent().catch(() => false);
    return current ? indicator.up() : indicator.down('not all are known to be done');
  };

  private readonly serving: HealthIndicatorFunction = () => {
    const indicator = this.indicators.check('serving');
    return this.draining.active ? indicator.down('shutting down') : indicator.up();
  };
}
