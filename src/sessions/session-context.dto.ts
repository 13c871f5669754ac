import { z } from 'zod';
import { Timestamp } from '../common/timestamp.js';
import { named } from '../platform/http/openapi.js';
import { DEFAULT_TTL_SECONDS } from './session-context.service.js';

export const ContextKey = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,128}$/, 'must be 1 to 128 letters, digits, dots, dashes or underscores');

export const PutContext = named(
  'PutContext',
  z.strictObject({
    value: z.json().describe('Any JSON value, at most 64 KiB.'),
    ttlSeconds: z
      .int()
      .min(1)
      .max(86_400)
      .default(DEFAULT_TTL_SECONDS)
      .describe('Life time in seconds; default one hour.'),
  }),
);
export type PutContext = z.infer<typeof PutContext>;

export const ContextEntry = named(
  'ContextEntry',
  z.object({ key: z.string(), value: z.json(), expiresAt: Timestamp }),
);

export const ContextEntries = named('ContextEntries', z.object({ items: z.array(ContextEntry) }));
