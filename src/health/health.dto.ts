import { z } from 'zod';
import { Timestamp } from '../common/timestamp.js';
import { named } from '../platform/http/openapi.js';

const Status = z.enum(['healthy', 'unhealthy']);
const Redis = z.enum(['connected', 'disconnected', 'in-memory']).describe('in-memory: REDIS_URL is not set.');

export const ServiceInfo = named(
  'ServiceInfo',
  z.object({
    service: z.literal('mcp-server'),
    version: z.string(),
    status: Status,
    links: z.object({
      docs: z.url(),
      health: z.url(),
      status: z.url(),
      mcp: z.url(),
      console: z.url(),
    }),
  }),
);
export type ServiceInfo = z.infer<typeof ServiceInfo>;

/** Exactly these five keys: dashboards rely on them. */
export const HealthDocument = named(
  'HealthDocument',
  z.object({
    status: Status,
    service: z.literal('mcp-server'),
    postgresql: z.enum(['connected', 'disconnected']),
    redis: Redis,
    timestamp: Timestamp,
  }),
);
export type HealthDocument = z.infer<typeof HealthDocument>;

const dependency = <T extends z.ZodType>(state: T) =>
  z.object({ state, latencyMs: z.int().nullable().describe('null when it did not answer.') });

const Dependencies = z.object({
  postgresql: dependency(z.enum(['connected', 'disconnected'])),
  redis: dependency(Redis),
});
export type Dependencies = z.infer<typeof Dependencies>;

export const StatusDocument = named(
  'StatusDocument',
  z.object({
    status: Status,
    version: z.string(),
    uptimeSeconds: z.int(),
    details: z
      .object({
        commit: z.string().nullable().describe('null when the build does not know it.'),
        role: z.enum(['all', 'api', 'worker']),
        draining: z.boolean(),
        migrations: z.enum(['current', 'pending', 'unknown']),
        dependencies: Dependencies,
        counts: z
          .record(z.string(), z.record(z.string(), z.int()).nullable())
          .describe('Queue, runs, tools and upstreams in numbers; null where they cannot be told now.'),
      })
      .optional()
      .describe('Only for callers with a credential.'),
  }),
);
export type StatusDocument = z.infer<typeof StatusDocument>;

const Indicators = z.record(z.string(), z.looseObject({ status: z.enum(['up', 'down', 'degraded']) }));

/** The document of Terminus: `info` holds what works, `error` what does not, `details` both. */
export const ProbeDocument = named(
  'ProbeDocument',
  z.object({
    status: z.enum(['ok', 'degraded', 'error', 'shutting_down']),
    info: Indicators,
    error: Indicators,
    details: Indicators,
  }),
);
