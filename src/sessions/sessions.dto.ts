import { z } from 'zod';
import { pageOf } from '../common/page.js';
import { Timestamp } from '../common/timestamp.js';
import { named } from '../platform/http/openapi.js';

export const SessionId = z.union([z.literal('current'), z.uuid()]).describe('An id, or `current`.');

export const SessionAnswer = named(
  'Session',
  z.object({
    id: z.uuid(),
    device: z.string().nullable().describe('User-Agent of the login.'),
    ip: z.string().nullable(),
    createdAt: Timestamp,
    lastSeenAt: Timestamp.describe('To the minute.'),
    current: z.boolean().describe('Is it the session of this request?'),
  }),
);

export const SessionPage = named('SessionPage', pageOf(SessionAnswer));
