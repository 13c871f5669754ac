import { Global, Module } from '@nestjs/common';
import { EgressModule } from '../egress/egress.module.js';
import { Metrics } from './metrics.js';
import { MetricsListener } from './metrics-listener.js';
import { StatusReport } from './status-report.js';
import { TraceExport } from './trace-export.service.js';

@Global()
@Module({
  imports: [EgressModule],
  providers: [Metrics, MetricsListener, StatusReport, TraceExport],
  exports: [Metrics, StatusReport],
})
export class TelemetryModule {}
