import { randomBytes } from 'node:crypto';
import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { VERSION } from '../../config/version.js';

/** W3C Trace Context: version, trace id, parent id, flags. */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The tracer of this program; it does nothing while OTEL_EXPORTER_OTLP_ENDPOINT is unset. */
export function tracer(): Tracer {
  return trace.getTracer('mcp-server', VERSION);
}

/** A context whose spans continue the trace of a `traceparent`; a new trace when there is none. */
export function contextOf(traceparent: string | null | undefined): Context {
  const match = TRACEPARENT.exec(traceparent ?? '');
  if (match === null) return ROOT_CONTEXT;
  const [, traceId = '', spanId = '', flags = '00'] = match;
  return trace.setSpanContext(ROOT_CONTEXT, {
    ...{ traceId, spanId },
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
  });
}

/** The trace id of a `traceparent`; undefined when it is none. */
export function traceIdOf(traceparent: string | null | undefined): string | undefined {
  return TRACEPARENT.exec(traceparent ?? '')?.[1];
}

/** The `traceparent` by which another process continues after this span. */
export function traceparentOf(span: Span): string | undefined {
  const context: SpanContext = span.spanContext();
  if (!trace.isSpanContextValid(context)) return undefined;
  return `00-${context.traceId}-${context.spanId}-${context.traceFlags.toString(16).padStart(2, '0')}`;
}

/** A `traceparent` for work that nobody gave one: it has a trace id of its own from its birth. */
export function newTraceparent(): string {
  return `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
}
