import { z } from 'zod';
import { SCOPES } from '../common/actor.js';
import { pageOf } from '../common/page.js';
import { Timestamp } from '../common/timestamp.js';
import { named } from '../platform/http/openapi.js';

export const NewApiKeyRequest = named(
  'NewApiKeyRequest',
  z.strictObject({
    name: z.string().trim().min(1).max(100).describe('What the key is for.'),
    scopes: z
      .array(z.enum(SCOPES))
      .min(1)
      .max(SCOPES.length)
      .describe('What the key may do; only scopes that the caller holds.'),
    expiresAt: z.iso
      .datetime({ offset: true })
      .optional()
      .describe('When the key ends, at most 365 days ahead. Unset: never.'),
  }),
);
export type NewApiKeyRequest = z.infer<typeof NewApiKeyRequest>;

export const ApiKeyAnswer = named(
  'ApiKey',
  z.object({
    id: z.uuid(),
    name: z.string(),
    scopes: z.array(z.enum(SCOPES)),
    createdAt: Timestamp,
    expiresAt: Timestamp.nullable(),
    lastUsedAt: Timestamp.nullable().describe('To the minute.'),
  }),
);

export const NewApiKeyAnswer = named(
  'NewApiKey',
  ApiKeyAnswer.extend({ key: z.string().describe('Send as Authorization: Bearer. Shown this once.') }),
);

export const ApiKeyPage = named('ApiKeyPage', pageOf(ApiKeyAnswer));
