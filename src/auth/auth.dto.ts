import { z } from 'zod';
import { Timestamp } from '../common/timestamp.js';
import { named } from '../platform/http/openapi.js';
import { NewPassword } from '../users/password-policy.js';

/** A password to compare, not to set: any length that may once have been allowed. */
const GivenPassword = z.string().min(1).max(1024);

export const LoginRequest = named(
  'LoginRequest',
  z.strictObject({ email: z.email().max(254), password: GivenPassword }),
);
export type LoginRequest = z.infer<typeof LoginRequest>;

export const RefreshRequest = named(
  'RefreshRequest',
  z
    .strictObject({
      refreshToken: z.string().max(1024).optional().describe('Unset in browsers: there it is a cookie.'),
    })
    .default({}),
);
export type RefreshRequest = z.infer<typeof RefreshRequest>;

export const PasswordChange = named(
  'PasswordChange',
  z.strictObject({ currentPassword: GivenPassword, newPassword: NewPassword }),
);
export type PasswordChange = z.infer<typeof PasswordChange>;

export const TokenPair = named(
  'TokenPair',
  z.object({
    accessToken: z.string().describe('Send as Authorization: Bearer.'),
    tokenType: z.literal('Bearer'),
    expiresIn: z.int().describe('Seconds until the access token ends.'),
    refreshToken: z
      .string()
      .optional()
      .describe(
        'For POST /api/v1/auth/refresh; every use gives a new one. Absent when the request came from a web page: then it is a cookie that scripts cannot read.',
      ),
    sessionId: z.uuid(),
  }),
);
export type TokenPair = z.infer<typeof TokenPair>;
export type IssuedTokens = TokenPair & { readonly refreshToken: string };

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
