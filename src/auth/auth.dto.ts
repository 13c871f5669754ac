import { z } from 'zod';
import { Timestamp } from '../common/timestamp.js';
import { named } from '../platform/http/openapi.js';

export const LoginRequest = named(
  'LoginRequest',
  z.strictObject({ email: z.email().max(254), password: z.string().min(1).max(128) }),
);
export type LoginRequest = z.infer<typeof LoginRequest>;

export const TokenPair = named(
  'TokenPair',
  z.object({
    accessToken: z.string().describe('Send as Authorization: Bearer.'),
    tokenType: z.literal('Bearer'),
    expiresIn: z.int().describe('Seconds until the access token ends.'),
    refreshToken: z.string().describe('For POST /api/v1/auth/refresh; every use gives a new one.'),
    sessionId: z.uuid(),
  }),
);
export type TokenPair = z.infer<typeof TokenPair>;

export const Me = named(
  'Me',
  z.object({
    id: z.uuid(),
    email: z.string(),
    name: z.string().nullable(),
    role: z.enum(['admin', 'member']),
    scopes: z.array(z.string()),
    createdAt: Timestamp,
  }),
);
