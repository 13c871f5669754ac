import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { trace } from '@opentelemetry/api';
import { ENV, type Env } from '../../config/env.js';
import { VERSION } from '../../config/version.js';
import { Egress } from '../egress/egress.js';

/** Turns tracing on for this process when OTEL_EXPORTER_OTLP_ENDPOINT is set; the SDK is loaded only then. */
@Injectable()
export class TraceExport implements BeforeApplicationShutdown {
  private stop?: () => Promise<void>;

  constructor(
    @Inject(ENV) private readonly env: Env,
    private readonly egress: Egress,
  ) {}

  /** Called before the first request. */
  async start(): Promise<void> {
    const endpoint = this.env.OTEL_EXPORTER_OTLP_ENDPOINT;
    if (endpoint === undefined) return;
    const { BasicTracerProvider, BatchSpanProcessor } = await import('@opentelemetry/sdk-trace-base');
    const { resourceFromAttributes } = await import('@opentelemetry/resources');
    const { OtlpSpanExporter } = await import('./span-exporter.js');
    const url = `${endpoint.replace(/\/$/, '')}/v1/traces`;
    const exporter = new OtlpSpanExporter(this.egress.forOperator(endpoint), url);
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'mcp-server', 'service.version': VERSION }),
      spanProcessors: [new BatchSpanProcessor(exporter)],
    });
    trace.setGlobalTracerProvider(provider);
    this.stop = async () => {
      await provider.shutdown();
      trace.disable();
    };
  }

  async beforeApplicationShutdown(): Promise<void> {
    // What is not delivered by now is lost; a dead collector must not hold up the end.
    await Promise.race([this.stop?.().catch(() => undefined), sleep(2_000)]);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
