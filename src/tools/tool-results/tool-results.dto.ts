import { z } from 'zod';
import { Timestamp } from '../../common/timestamp.js';
import { named } from '../../platform/http/openapi.js';

const wholeNumber = (max: number) =>
  z
    .string()
    .regex(/^\d{1,8}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().max(max));

export const ToolResultQuery = z.strictObject({
  offset: wholeNumber(10_000_000).default(0).describe('Characters to leave out at the beginning.'),
  limit: wholeNumber(1_000_000)
    .pipe(z.int().min(1))
    .default(100_000)
    .describe('Characters of this page, 1 to 1,000,000.'),
});
export type ToolResultQuery = z.infer<typeof ToolResultQuery>;

/** A part of the whole result of a call whose answer was cut. */
export const ToolResultPart = named(
  'ToolResultPart',
  z.object({
    id: z.uuid(),
    tool: z.string(),
    mimeType: z.string().describe('Of the whole: application/json or text/plain.'),
    text: z.string(),
    offset: z.int(),
    nextOffset: z.int().nullable().describe('Where the next page begins; null on the last one.'),
    totalCharacters: z.int(),
    truncated: z.boolean().describe('It was over 8 MiB, and only that much was kept.'),
    createdAt: Timestamp,
    expiresAt: Timestamp,
  }),
);
