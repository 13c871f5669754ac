import { Global, Module } from '@nestjs/common';
import { Metrics } from './metrics.js';
import { MetricsListener } from './metrics-listener.js';
import { StatusReport } from './status-report.js';

@Global()
@Module({ providers: [Metrics, MetricsListener, StatusReport], exports: [Metrics, StatusReport] })
export class TelemetryModule {}
