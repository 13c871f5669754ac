import { z } from 'zod';
import { pageOf } from '../../common/page.js';
import { Timestamp } from '../../common/timestamp.js';
import { named } from '../../platform/http/openapi.js';
import { MIN_SECRET_LENGTH } from '../../platform/telemetry/secret-mask.js';
import { isOrigin, originOf } from './origin.js';

export const SecretName = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'must be 1 to 64 letters, digits, "_", "." or "-"')
  .describe('Name of the secret, e.g. orders-api.');

/** The value of a secret and where it may go. Replaces what was there. */
export const SecretRequest = named(
  'SecretRequest',
  z.strictObject({
    value: z
      .string()
      .min(MIN_SECRET_LENGTH, 'must have 8 or more characters: a shorter one cannot be masked in logs')
      .max(16_384)
      .describe('Encrypted at once and never shown again.'),
    origins: z
      .array(
        z
          .string()
          .max(300)
          .refine(isOrigin, 'must be an origin only, such as https://api.example.com')
          .transform((text) => originOf(text) ?? text),
      )
      .min(1)
      .max(20)
      .describe('Where it may be sent, e.g. https://api.example.com or postgresql://db.internal:5432.'),
  }),
);
export type SecretRequest = z.infer<typeof SecretRequest>;

/** What may be known of a secret: never its value or how long it is. */
export const SecretView = named(
  'Secret',
  z.object({
    name: z.string(),
    origins: z.array(z.string()),
    keyId: z.string().describe('Which key of ENCRYPTION_KEYS protects it.'),
    version: z.int(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  }),
);
export const SecretPage = named('SecretPage', pageOf(SecretView));

export const SecretRotation = named(
  'SecretRotation',
  z.object({
    keyId: z.string().describe('The key that protects every secret now.'),
    rewrapped: z.int().describe('Secrets that another key protected before.'),
    unreadable: z.array(z.string()).describe('Secrets that no key of the ring opens; store them again.'),
  }),
);
