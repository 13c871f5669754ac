import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Seconds, from a cache hit to the longest model call. */
const DURATION_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

interface MetricSpec<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly L[];
}

/**
 * The metrics of this process, in a registry of its own. A feature makes its metrics in a constructor:
 * `metrics.counter({ name: 'mcp_server_…_total', help, labelNames })`, and lists them in docs/metrics.md (a test
 * compares). Label values must come from a small, fixed set: never an id, a path or a text of a caller.
 */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  counter<L extends string>(spec: MetricSpec<L>): Counter<L> {
    return new Counter({ ...spec, registers: [this.registry] });
  }

  gauge<L extends string>(spec: MetricSpec<L> & { readonly collect?: () => void | Promise<void> }): Gauge<L> {
    return new Gauge({ ...spec, registers: [this.registry] });
  }

  /** `buckets` default to DURATION_BUCKETS, for durations in seconds. */
  histogram<L extends string>(spec: MetricSpec<L> & { readonly buckets?: number[] }): Histogram<L> {
    return new Histogram({ buckets: DURATION_BUCKETS, ...spec, registers: [this.registry] });
  }
}
