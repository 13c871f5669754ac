import { Logger } from '@nestjs/common';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import { type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { type Fetch } from '../egress/guarded-fetch.js';

const TIMEOUT_MS = 10_000;
const SILENCE_MS = 60_000;
/** ExportResultCode of the SDK. */
const [SUCCESS, FAILED] = [0, 1];

/** Sends spans as OTLP/HTTP JSON through the egress guard (OpenTelemetry protocol specification, OTLP/HTTP). */
export class OtlpSpanExporter implements SpanExporter {
  private readonly log = new Logger('Traces');
  private complainedAt = 0;

  constructor(
    private readonly fetch: Fetch,
    private readonly url: string,
  ) {}

  export(spans: ReadableSpan[], done: (result: { code: number }) => void): void {
    void this.send(spans).then(done);
  }

  async shutdown(): Promise<void> {
    // Nothing is kept here.
  }

  private async send(spans: ReadableSpan[]): Promise<{ code: number }> {
    try {
      await this.post(spans);
      return { code: SUCCESS };
    } catch (error) {
      this.complain(error);
      return { code: FAILED };
    }
  }

  private async post(spans: ReadableSpan[]): Promise<void> {
    const body = JsonTraceSerializer.serializeRequest(spans);
    if (body === undefined) return;
    const response = await this.fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`The collector answered ${response.status}`);
  }

  /** A collector that is away must not fill the log. */
  private complain(error: unknown): void {
    if (Date.now() - this.complainedAt < SILENCE_MS) return;
    this.complainedAt = Date.now();
    this.log.warn({ err: error }, 'Traces were not delivered');
  }
}
